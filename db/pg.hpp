// libpq's handles, owned.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

namespace atelier::db {

struct close_connection {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using pg_connection = std::unique_ptr<PGconn, close_connection>;

struct clear_result {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using pg_result = std::unique_ptr<PGresult, clear_result>;

/// What libpq says happened: its messages go on with hints on further lines.
inline std::string first_line(const char* message) {
  const std::string_view text(message ? message : "");
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace atelier::db
