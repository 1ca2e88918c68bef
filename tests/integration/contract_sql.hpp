// For what a test does to the database behind the workers' backs.
#pragma once

#include <libpq-fe.h>

#include <stdexcept>
#include <string>

namespace atelier::test {

/// One connection. Throws std::runtime_error with the server's words.
class sql {
 public:
  explicit sql(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
  }
  ~sql() { PQfinish(connection_); }
  sql(const sql&) = delete;
  sql& operator=(const sql&) = delete;

  /// The first cell of the answer, or "".
  std::string run(const std::string& text) {
    PGresult* answer = PQexec(connection_, text.c_str());
    const ExecStatusType status = PQresultStatus(answer);
    std::string cell = PQntuples(answer) > 0 && PQnfields(answer) > 0 ? PQgetvalue(answer, 0, 0) : "";
    PQclear(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(PQerrorMessage(connection_));
    }
    return cell;
  }

 private:
  PGconn* connection_;
};

/// The sessions of this database that wait for a lock, as the tail of a select.
inline const std::string waiting_sessions =
    " from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    " and pid <> pg_backend_pid()";

}  // namespace atelier::test
