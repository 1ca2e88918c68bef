// atelier-docs: prints what the command line's own list says, for the package and for docs/.
//
//   atelier-docs man PAGE DATE PROSE-FOLDER     PAGE: atelier, or a role
//   atelier-docs completion                     for bash
//   atelier-docs options                        docs/options.md
#include "app/manual/bash_completion.hpp"
#include "app/manual/man_page.hpp"
#include "app/manual/option_table.hpp"
#include "app/program.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace {

using namespace atelier::app;

std::string content_of(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("'" + file + "' cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string page(const command_facts& program, const std::string& title, const std::string& date,
                 const std::string& folder) {
  const auto common = read_prose(content_of(folder + "/common.man"));
  const auto own = read_prose(content_of(folder + "/" + title + ".man"));
  if (title == "atelier") return man_page(program, program, common, own, date);
  for (const auto& role : program.commands)
    if (role.path.front() == title) return man_page(program, role, common, own, date);
  throw std::runtime_error("there is no role '" + title + "'");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App words;
    action chosen;
    add_roles(words, chosen);
    const auto program = facts_of(words);
    const std::vector<std::string> asked(argv + 1, argv + argc);
    if (asked.size() == 4 && asked[0] == "man")
      fmt::print("{}", page(program, asked[1], asked[2], asked[3]));
    else if (asked == std::vector<std::string>{"completion"})
      fmt::print("{}", bash_completion(program));
    else if (asked == std::vector<std::string>{"options"})
      fmt::print("{}", option_tables(program));
    else
      throw std::runtime_error("usage: atelier-docs man PAGE DATE PROSE-FOLDER | completion | options");
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "atelier-docs: {}\n", e.what());
    return 2;
  }
}
