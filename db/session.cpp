#include "db/session.hpp"

#include "db/conninfo.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace atelier::db {
namespace {

// Whoever wrote down how long to wait, in the conninfo, in a service or in the environment, is to be heard.
bool names_timeout(const std::string& conninfo) {
  if (std::getenv("PGCONNECT_TIMEOUT") || std::getenv("PGSERVICE")) return true;
  return said_in(conninfo, "connect_timeout") || said_in(conninfo, "service");
}

}  // namespace

std::string_view rows::text(std::size_t row, int column) const {
  const int r = static_cast<int>(row);
  return {PQgetvalue(result_.get(), r, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), r, column))};
}

long long rows::number(std::size_t row, int column) const {
  long long value = 0;
  const auto digits = text(row, column);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::size_t rows::affected() const {
  std::size_t count = 0;
  const std::string_view digits = PQcmdTuples(result_.get());
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

std::string place_of(PGconn* connection) {
  const auto word = [](const char* text) { return std::string_view(text ? text : ""); };
  const auto host = word(PQhost(connection));
  if (host.starts_with('/')) return fmt::format("{} on {}", word(PQdb(connection)), host);
  return fmt::format("{} on {}:{}", word(PQdb(connection)), host.empty() ? "localhost" : host,
                     word(PQport(connection)));
}

result<session> session::open(const std::string& conninfo, std::string_view application_name) {
  const std::string name(application_name);
  const char* const keywords[] = {"dbname", "fallback_application_name", "client_encoding",
                                  names_timeout(conninfo) ? nullptr : "connect_timeout", nullptr};
  const char* const values[] = {conninfo.c_str(), name.c_str(), "UTF8", "10", nullptr};
  pg_connection connection(PQconnectdbParams(keywords, values, 1));
  if (PQstatus(connection.get()) != CONNECTION_OK)
    return fail(
        "cannot connect to PostgreSQL: {}; check --db (or the PG… variables) and that the server runs",
        first_line(PQerrorMessage(connection.get())));
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return session(std::move(connection));
}

failure session::last_error(std::string_view doing) const {
  return fail("{} failed on {}: {}; PostgreSQL's own log tells more", doing, place_of(connection_.get()),
              first_line(PQerrorMessage(connection_.get())));
}

result<rows> session::checked(pg_result answer, const std::string& sql) {
  const char* const state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  if (state) sqlstate_ = state;
  switch (PQresultStatus(answer.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      return rows(std::move(answer));
    default:
      // Its verb alone: what stands behind may be a user's data, and helps nobody who cannot change it.
      return last_error(fmt::format("a statement ({})", sql.substr(0, sql.find_first_of(" \n;"))));
  }
}

result<rows> session::run(const std::string& sql) {
  return checked(pg_result(PQexec(connection_.get(), sql.c_str())), sql);
}

result<rows> session::run(const std::string& sql, std::span<const std::optional<std::string>> parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  return checked(pg_result(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                        nullptr, values.data(), nullptr, nullptr, 0)),
                 sql);
}

result<> session::copy_start(const std::string& sql) {
  const pg_result answer(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(answer.get()) != PGRES_COPY_IN) return last_error("COPY");
  return {};
}

result<> session::copy_put(std::string_view bytes) {
  if (PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size())) != 1)
    return last_error("COPY");
  return {};
}

result<std::size_t> session::copy_end() {
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) return last_error("COPY");
  std::optional<rows> done;
  std::optional<failure> problem;
  while (pg_result answer{PQgetResult(connection_.get())}) {
    if (PQresultStatus(answer.get()) == PGRES_COMMAND_OK)
      done.emplace(std::move(answer));
    else if (!problem)
      problem = fail("COPY failed on {}: {}; PostgreSQL's own log tells more", place_of(connection_.get()),
                     first_line(PQresultErrorMessage(answer.get())));
  }
  if (problem) return std::move(*problem);
  if (!done) return last_error("COPY");
  return done->affected();
}

canceller::canceller(const session& of) : cancel_(PQgetCancel(of.handle())) {}

void canceller::cancel() {
  char ignored[256];
  if (cancel_) PQcancel(cancel_.get(), ignored, sizeof ignored);
}

void session::copy_abandon(const std::string& reason) {
  PQputCopyEnd(connection_.get(), reason.c_str());
  while (const pg_result answer{PQgetResult(connection_.get())}) {
  }
}

}  // namespace atelier::db
