// Prints the worker's own reads as scripts for pgbench, so that both ask the database the very same thing.
#include "app/api/statements.hpp"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace {

struct script {
  const char* statement;  // its name in app/api/statements.cpp
  const char* id;         // which ids it is asked with
};

constexpr script scripts[] = {
    {"reviews_relevant", "product"}, {"meta", "product"}, {"questions", "product"}, {"answers", "question"}};

// $1, $2, $3 as pgbench's variables; the casts stay.
std::string with_variables(std::string_view sql) {
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '$') {
      out += sql[i];
      continue;
    }
    ++i;
    out += sql[i] == '1' ? ":id" : sql[i] == '2' ? "5" : "0";
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs(
        "usage: bench-statements FOLDER PRODUCTS QUESTIONS: writes reviews_relevant.sql, meta.sql, "
        "questions.sql and answers.sql\n",
        stderr);
    return 2;
  }
  for (const auto& s : scripts) {
    bool found = false;
    for (const auto& statement : atelier::api::all_statements()) {
      if (std::string_view(statement.name) != s.statement) continue;
      found = true;
      std::ofstream file(std::string(argv[1]) + "/" + s.statement + ".sql");
      file << "\\set id random(1, " << (std::strcmp(s.id, "product") == 0 ? argv[2] : argv[3]) << ")\n"
           << with_variables(statement.sql) << ";\n";
      file.close();
      if (!file) return std::fprintf(stderr, "bench-statements: %s.sql cannot be written\n", s.statement), 1;
    }
    if (!found)
      return std::fprintf(stderr, "bench-statements: the worker has no statement '%s' any more\n",
                          s.statement),
             1;
  }
  return 0;
}
