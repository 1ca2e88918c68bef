// A blocking connection, for work outside the serving loop: migrations, loads, the embedded stack.
#pragma once

#include "core/result.hpp"
#include "db/pg.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::db {

/// Rows of one answer in text form; valid as long as the object lives.
class rows {
 public:
  explicit rows(pg_result result) : result_(std::move(result)) {}

  std::size_t size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
  bool is_null(std::size_t row, int column) const {
    return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
  }
  std::string_view text(std::size_t row, int column) const;
  long long number(std::size_t row, int column) const;
  std::size_t affected() const;

 private:
  pg_result result_;
};

/// One connection to one PostgreSQL, for one thread.
class session {
 public:
  /// Connects. An empty conninfo takes libpq's own PG… variables. Errors name the server and never the
  /// password.
  static result<session> open(const std::string& conninfo, std::string_view application_name);

  /// Runs one or more statements without parameters; the answer is that of the last one.
  result<rows> run(const std::string& sql);

  /// Runs one statement with parameters in text form; nothing is null.
  result<rows> run(const std::string& sql, std::span<const std::optional<std::string>> parameters);

  /// COPY … FROM STDIN: start, any number of chunks that together are the stream, end. A failed end means
  /// that nothing was copied.
  result<> copy_start(const std::string& sql);
  result<> copy_put(std::string_view bytes);
  result<std::size_t> copy_end();
  /// Ends a COPY so that the server forgets it.
  void copy_abandon(const std::string& reason);

  /// The SQLSTATE of the last statement that failed; messages depend on the server's language, this does not.
  const std::string& sqlstate() const { return sqlstate_; }

  PGconn* handle() const { return connection_.get(); }

 private:
  explicit session(pg_connection connection) : connection_(std::move(connection)) {}
  failure last_error(std::string_view doing) const;
  result<rows> checked(pg_result answer, const std::string& sql);

  pg_connection connection_;
  std::string sqlstate_;
};

/// Ends another thread's statement.
class canceller {
 public:
  explicit canceller(const session& of);
  /// The statement that runs now fails; nothing happens if none does.
  void cancel();

 private:
  struct free_cancel {
    void operator()(PGcancel* c) const noexcept { PQfreeCancel(c); }
  };
  std::unique_ptr<PGcancel, free_cancel> cancel_;
};

/// A word for logs and errors that holds no password: `dbname on host:port`, or the socket's folder.
std::string place_of(PGconn* connection);

}  // namespace atelier::db
