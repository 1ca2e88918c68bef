#include "db/connection.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace atelier::db {
namespace {

std::string field_of(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? text : "";
}

// The session went away under the statement: shutdowns and crashes (class 57P), not the statement's fault.
bool is_shutdown(std::string_view sqlstate) { return sqlstate.starts_with("57P"); }

error error_of(const PGresult* result) {
  constexpr std::string_view query_canceled = "57014";
  constexpr std::string_view lock_not_available = "55P03";  // lock_timeout has passed
  error e{errc::rejected, false, field_of(result, PG_DIAG_SQLSTATE),
          field_of(result, PG_DIAG_MESSAGE_PRIMARY)};
  if (e.sqlstate == query_canceled || e.sqlstate == lock_not_available) e.what = errc::timed_out;
  return e;
}

// The arguments of several calls as those of one statement.
arguments gathered(const call& first, pool_counters& count) {
  std::vector<std::int64_t> asked{first.with.int8_at(0)};
  for (const auto* one = first.goes_with; one; one = one->goes_with)
    asked.push_back(static_cast<const call*>(one)->with.int8_at(0));
  count.gathered += asked.size() - 1;
  arguments all;
  all.add_int8_array(asked);
  for (std::size_t i = 1; i < first.with.size(); ++i) all.add_from(first.with, i);
  return all;
}

}  // namespace

connection::connection(asio::io_context& loop, watchdog& dog, const pool_options& options, outage& trouble,
                       pool_counters& count, connection_owner& of)
    : loop_(loop),
      watchdog_(dog),
      options_(options),
      outage_(trouble),
      count_(count),
      owner_(of),
      link_(loop, options.conninfo, options.application_name),
      pause_(loop),
      back_off_(options.retry_min, options.retry_max) {
  for (const auto& s : options.statements) names_of_many_.push_back(s.name_of_many());
  dog.add(*this);
}

void connection::expire() noexcept {
  silent_ = true;
  link_.interrupt();
}

void connection::stop() {
  stopping_ = true;
  pause_.cancel();
  link_.interrupt();
}

task<> connection::run() {
  while (!stopping_) {
    if (co_await open()) {
      outage_.ends(link_.get());
      back_off_.reset();
      ++count_.opened;
      co_await serve();
      if (!stopping_) ++count_.lost;
    }
    if (!stopping_) report();
    close();
    if (stopping_) co_return;
    pause_.expires_after(back_off_.next());
    const auto [cancelled] = co_await pause_.async_wait(no_throw);
    if (cancelled) co_return;
  }
}

void connection::report() {
  outage_.begins(silent_ ? "PostgreSQL is silent: look at its load, disk and locks"
                         : "no connection to PostgreSQL: start it, or check --db",
                 link_.reason());
}

task<bool> connection::open() {
  silent_ = false;
  broken_ = false;
  deadline = watchdog_.now() + options_.connect_timeout;
  bool opened = co_await link_.connect();
  if (opened && PQenterPipelineMode(link_.get()) != 1) opened = false;
  if (opened) opened = co_await prepare();
  deadline = clock::time_point::max();
  co_return opened;
}

// Settings of this session and all prepared statements, in one round trip.
task<bool> connection::prepare() {
  auto* const c = link_.get();
  const auto settings = fmt::format(
      "select set_config('search_path', 'atelier', false), set_config('statement_timeout', '{}', false),"
      " set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false),"
      " set_config('enable_memoize', 'off', false),"  // what a loop asks for is never asked for twice
      " set_config('timezone', 'UTC', false), set_config('default_transaction_isolation', 'read committed', "
      "false)",
      options_.statement_timeout.count());
  bool sent = PQsendQueryParams(c, settings.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  const auto prepare_one = [&](const std::string& name, std::string_view sql) {
    sent = sent && PQsendPrepare(c, name.c_str(), std::string(sql).c_str(), 0, nullptr) == 1;
  };
  for (std::size_t i = 0; i < options_.statements.size(); ++i) {
    const auto& s = options_.statements[i];
    prepare_one(std::string(s.name), s.sql);
    if (!s.sql_of_many.empty()) prepare_one(names_of_many_[i], s.sql_of_many);
  }
  if (!sent || PQpipelineSync(c) != 1) co_return false;
  for (;;) {
    while (!PQisBusy(c)) {
      const pg_result result(PQgetResult(c));
      const auto status = PQresultStatus(result.get());
      if (result && status == PGRES_PIPELINE_SYNC) co_return true;
      if (result && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        outage_.begins("a statement cannot be prepared: is the schema there? `atelier schema apply` makes it",
                       first_line(PQresultErrorMessage(result.get())));
        co_return false;
      }
    }
    const int unsent = PQflush(c);
    if (unsent < 0) co_return false;
    if (unsent > 0) {
      if (!co_await link_.wait(link::descriptor::wait_write)) co_return false;
    } else if (!co_await link_.wait(link::descriptor::wait_read)) {
      co_return false;
    }
    if (PQconsumeInput(c) != 1) co_return false;
  }
}

task<> connection::serve() {
  ready_ = true;
  owner_.spread();
  while (!broken_) {
    const bool readable = co_await link_.wait(link::descriptor::wait_read);
    if (!readable) co_return;
    const bool quick = pipeline_.awaits_server() && !is_held();
    const auto had = turn_had_;
    const bool alive = PQconsumeInput(link_.get()) == 1;
    const bool sound = take_answers();
    if (!alive || !sound) break;
    const bool back = !pipeline_.awaits_server();
    if (back && quick) owner_.came_back(clock::now() - sent_at_, had);
    deadline = back ? clock::time_point::max() : watchdog_.now() + options_.answer_timeout;
    // The server works on the next turn while we make answers of this one.
    if (back && !turn_scheduled_ && !(quick && link_.is_local() && owner_.gathers())) {
      take_turn();
      owner_.spread();
    }
    wake_finished();
  }
}

void connection::take_soon() {
  turn_scheduled_ = true;
  asio::post(loop_, [this] {
    asio::post(loop_, [this] {
      turn_scheduled_ = false;
      take_turn();
    });
  });
}

void connection::take_turn() {
  if (!ready_) return;
  const auto items = pipeline_.next_turn(owner_.line(), owner_.may_write(), owner_.may_be_slow());
  if (items.empty()) return;
  deadline = watchdog_.now() + options_.answer_timeout;
  ++count_.round_trips;
  sent_at_ = clock::now();
  turn_had_ = pipeline_.in_flight();
  bool sound = true;
  for (auto* item : items)
    sound = sound && (item ? send(*static_cast<call*>(item), sent_at_) : PQpipelineSync(link_.get()) == 1);
  if (sound && flush()) return;
  broken_ = true;
  link_.interrupt();
}

bool connection::send(call& first, clock::time_point now) {
  constexpr int binary = 1;
  static const std::vector<int> all_binary(64, binary);
  const auto& what = options_.statements[first.statement];
  const bool alone = !first.goes_with;
  ++count_.statements;
  for (operation* one = &first; one; one = one->goes_with) static_cast<call*>(one)->sent_at = now;
  arguments of_all;
  if (!alone) of_all = gathered(first, count_);
  const auto& with = alone ? first.with : of_all;
  const auto values = with.values();
  const auto lengths = with.lengths();
  const auto* name = alone ? what.name.data() : names_of_many_[first.statement].c_str();
  return PQsendQueryPrepared(link_.get(), name, static_cast<int>(values.size()), values.data(),
                             lengths.data(), all_binary.data(), binary) == 1;
}

// False: the connection is broken.
bool connection::flush() {
  const int unsent = PQflush(link_.get());
  if (unsent > 0)
    link_.when_writable([this](error_code error) {
      if (error || flush()) return;
      broken_ = true;
      link_.interrupt();
    });
  return unsent >= 0;
}

// Everything that has arrived whole. False: the connection is broken.
bool connection::take_answers() {
  auto* const c = link_.get();
  bool ended_one = false;  // libpq says null behind each statement's results, and again when there is nothing
  while ((pipeline_.expects_answer() || pipeline_.expects_sync()) && !PQisBusy(c)) {
    pg_result result(PQgetResult(c));
    if (result) {
      ended_one = false;
      if (PQstatus(c) == CONNECTION_BAD || is_shutdown(field_of(result.get(), PG_DIAG_SQLSTATE)))
        return false;
      if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
        if (auto* one = pipeline_.synced(owner_.line())) {
          judge(one->statement, pipeline::verdict::succeeded);
          finished_.emplace_back(static_cast<call*>(one), std::move(*held_));
        }
      } else if (pipeline_.expects_sync()) {
        return false;  // an error at the commit itself: whether the write was done is unknown
      } else {
        take_answer(std::move(result));
      }
      continue;
    }
    if (!answer_ && ended_one) break;
    ended_one = true;
    if (!answer_) continue;
    const bool failed = answer_->has_error();
    const auto verdict = answer_aborted_                            ? pipeline::verdict::aborted
                         : !failed                                  ? pipeline::verdict::succeeded
                         : answer_->error().what == errc::timed_out ? pipeline::verdict::too_slow
                                                                    : pipeline::verdict::failed;
    if (auto* first = pipeline_.answered(verdict)) {
      judge(first->statement, verdict);
      finish_together(static_cast<call*>(first), std::move(*answer_));
    } else if (verdict == pipeline::verdict::succeeded) {
      held_ = std::move(answer_);
    }
    answer_.reset();
  }
  return PQstatus(c) == CONNECTION_OK;
}

void connection::take_answer(pg_result result) {
  const auto status = PQresultStatus(result.get());
  answer_aborted_ = status == PGRES_PIPELINE_ABORTED;
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
    answer_ = answer(std::move(result));
  else
    answer_ = error_of(result.get());
}

// What was cancelled is kept apart from others until one like it succeeds.
void connection::judge(std::size_t statement, pipeline::verdict v) {
  if (v == pipeline::verdict::too_slow) owner_.line().is_slow(statement);
  if (v == pipeline::verdict::succeeded) owner_.line().is_quick(statement);
}

// Each of those that go as one statement gets his own rows, or the error of all of them.
void connection::finish_together(call* first, outcome what) {
  if (!first->goes_with) {
    finished_.emplace_back(first, std::move(what));
    return;
  }
  std::int64_t place = 0;
  for_each_apart(first, [&](operation* one) {
    finished_.emplace_back(static_cast<call*>(one), what ? outcome(what->take_front(++place)) : what);
  });
}

void connection::wake_finished() {
  if (finished_.empty()) return;
  auto finished = std::move(finished_);
  finished_.clear();
  const auto now = clock::now();
  answered_at_ = now;
  for (auto& [one, what] : finished) {
    count_.answer_times.add(now - one->sent_at);
    one->finish(std::move(what));
  }
}

void connection::close() {
  ready_ = false;
  answer_.reset();
  held_.reset();
  deadline = clock::time_point::max();
  link_.close();
  wake_finished();
  owner_.lost(pipeline_.lost(), silent_ ? errc::timed_out : errc::connection_lost);
}

}  // namespace atelier::db
