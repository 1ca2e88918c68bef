// The tables that are being built beside those that serve, and the switch from one to the other.
#pragma once

#include "db/session.hpp"
#include "etl/build_pool.hpp"
#include "etl/copy_writer.hpp"
#include "etl/load_record.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::etl {

inline constexpr std::string_view serving_schema = "atelier";
inline constexpr std::string_view next_schema = "atelier_next";  // being built
inline constexpr std::string_view old_schema = "atelier_old";    // served until a moment ago, being dropped

/// Said in a transaction that changes what serves: the workers listen, and empty their caches when it
/// commits.
inline constexpr std::string_view empty_caches = "notify atelier_cache, 'all'";

/// The tables that a load replaces.
inline constexpr std::array<std::string_view, 5> loaded_tables{
    "reviews", "product_meta", "characteristic_reviews", "questions", "answers"};

/// The largest ids loaded; 0: none.
struct largest_ids {
  std::int64_t review = 0, review_photo = 0, characteristic_review = 0;
  std::int64_t question = 0, answer = 0, answer_photo = 0;
};

/// The one connection that holds the right to load. Ends with the object, also when the process is killed.
class load_lock {
 public:
  /// Errors: not connected; no schema (apply it first); another load runs (says which).
  static result<load_lock> take(const std::string& conninfo);

  /// True if any of the tables that serve has a row.
  result<bool> has_data();
  /// Removes what a load that was killed left behind.
  result<> remove_leftovers();
  /// Makes the schema for the next tables.
  result<> begin();
  /// Drops the next tables after a failure; what serves is untouched.
  void give_up();
  /// Puts the next tables in the place of those that serve, in one short transaction; sequences go past the
  /// largest ids, idempotency keys are forgotten, since what they created is gone, and the workers' caches
  /// are told, and the table of loads knows. Then drops the old tables. An error if others have built on them
  /// since nothing_is_built_on() was asked.
  result<> publish(const largest_ids& largest, const load_record& record, const load_report& report);

  /// The connection itself, for short transactions that belong to the load.
  db::session& session() { return session_; }

 private:
  explicit load_lock(db::session session) : session_(std::move(session)) {}
  result<> lock_tables();
  result<> switch_tables(const largest_ids& largest, const load_record& record, const load_report& report);
  db::session session_;
};

/// A connection that may work as long as a load does, whatever its role's sessions may otherwise; changes
/// settings of its own session only.
result<db::session> open_session(const std::string& conninfo);
/// One for a part of a load that is published by another.
result<db::session> open_builder(const std::string& conninfo);

/// One table in the next schema, made and filled in one transaction, so that its rows are born frozen.
class next_table {
 public:
  /// Begins the transaction and the COPY, on a connection of its own. `columns`: "(id, product_id, …)".
  static result<next_table> start(const std::string& conninfo, std::string_view table,
                                  std::string_view columns);

  copy_writer& rows() { return writer_; }
  /// Ends the COPY. What is left to do: the commit, the indexes that the serving table has, what is set of it
  /// and of its columns, statistics, its owner and rights.
  result<table_build> finish();

 private:
  next_table(std::unique_ptr<db::session> session, std::string_view table, copy_writer writer)
      : session_(std::move(session)), table_(table), writer_(std::move(writer)) {}
  std::unique_ptr<db::session> session_;
  std::string_view table_;
  copy_writer writer_;
};

}  // namespace atelier::etl
