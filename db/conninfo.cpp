#include "db/conninfo.hpp"

#include "db/pg.hpp"

#include <algorithm>
#include <memory>

namespace atelier::db {
namespace {

struct free_parsed {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

struct parsed {
  std::unique_ptr<PQconninfoOption, free_parsed> options;  // none: it cannot be read
  std::string complaint;
};

parsed parse(const std::string& conninfo) {
  char* error = nullptr;
  parsed p{{PQconninfoParse(conninfo.c_str(), &error), {}}, {}};
  if (error) p.complaint = first_line(error);
  PQfreemem(error);
  return p;
}

bool is_uri(std::string_view conninfo) {
  return conninfo.starts_with("postgresql://") || conninfo.starts_with("postgres://");
}

// With neither = nor a scheme libpq takes it for the database's name.
bool is_bare_name(std::string_view conninfo) {
  return !is_uri(conninfo) && conninfo.find('=') == conninfo.npos;
}

// A password stands before the last @ of a URI, or behind its keyword.
bool may_be_of_a_password(std::string_view word, std::string_view conninfo) {
  if (word == "=" || word == "]") return false;  // libpq's own: what it missed
  const auto at = conninfo.rfind(word);
  const auto host = is_uri(conninfo) ? conninfo.rfind('@') : conninfo.npos;
  return at == conninfo.npos || (host != conninfo.npos && at < host) || conninfo.find("password") < at;
}

// Of what stands in quotes, the harmless.
std::string discreet(std::string_view said, std::string_view conninfo) {
  std::string told;
  for (bool in_quotes = false;; in_quotes = !in_quotes) {
    const auto piece = said.substr(0, said.find('"'));
    told += in_quotes && may_be_of_a_password(piece, conninfo) ? "…" : piece;
    if (piece.size() == said.size()) return told;
    told += '"';
    said.remove_prefix(piece.size() + 1);
  }
}

}  // namespace

std::optional<std::string> said_in(const std::string& conninfo, std::string_view keyword) {
  const auto all = parse(conninfo);
  for (const auto* option = all.options.get(); option && option->keyword; ++option)
    if (option->keyword == keyword && option->val) return option->val;
  return std::nullopt;
}

bool holds_password(const std::string& conninfo) { return said_in(conninfo, "password").has_value(); }

result<> check_conninfo(const std::string& conninfo) {
  if (is_bare_name(conninfo)) return {};
  const auto all = parse(conninfo);
  if (all.options) return {};
  return fail_with(
      exit_code::wrong_usage,
      "PostgreSQL's library cannot read it: {}; write for example host=127.0.0.1 dbname=shop, or "
      "postgresql://127.0.0.1/shop",
      discreet(all.complaint, conninfo));
}

}  // namespace atelier::db
