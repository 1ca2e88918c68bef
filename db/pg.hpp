// libpq's handles, owned.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace atelier::db {

struct close_connection {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using pg_connection = std::unique_ptr<PGconn, close_connection>;

struct clear_result {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using pg_result = std::unique_ptr<PGresult, clear_result>;

}  // namespace atelier::db
