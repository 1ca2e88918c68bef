#include "db/connection.hpp"

#include "core/log.hpp"
#include "db/host_names.hpp"
#include "db/session.hpp"

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
  error e{errc::rejected, false, field_of(result, PG_DIAG_SQLSTATE),
          field_of(result, PG_DIAG_MESSAGE_PRIMARY)};
  if (e.sqlstate == query_canceled) e.what = errc::timed_out;
  return e;
}

}  // namespace

connection::connection(asio::io_context& loop, watchdog& dog, const pool_options& options, on_lost lost)
    : loop_(loop),
      watchdog_(dog),
      options_(options),
      lost_(std::move(lost)),
      pipeline_(options.pipeline),
      descriptor_(loop),
      pause_(loop) {
  dog.add(*this);
}

void connection::expire() noexcept {
  silent_ = true;
  error_code ignored;
  descriptor_.cancel(ignored);
}

void connection::stop() {
  stopping_ = true;
  error_code ignored;
  pause_.cancel();
  if (descriptor_.is_open()) descriptor_.cancel(ignored);
}

task<> connection::run() {
  auto delay = options_.retry_min;
  while (!stopping_) {
    if (co_await open()) {
      if (problem_reported_)
        log::info("connected to PostgreSQL again database=\"{}\"", place_of(connection_.get()));
      problem_reported_ = false;
      delay = options_.retry_min;
      co_await serve();
    }
    if (!stopping_) report_problem(silent_ ? "PostgreSQL is silent" : "no connection to PostgreSQL");
    close();
    if (stopping_) co_return;
    // Full jitter on the upper half: workers that lost the same server do not come back in one wave.
    const auto half = delay.count() / 2;
    pause_.expires_after(std::chrono::milliseconds(
        half + static_cast<long>(jitter_() % static_cast<unsigned long>(half + 1))));
    co_await pause_.async_wait(no_throw);
    delay = std::min(delay * 2, options_.retry_max);
  }
}

void connection::report_problem(std::string_view doing) {
  if (problem_reported_) return;  // once until it is back
  problem_reported_ = true;
  log::warning("{}; trying again until it is back reason=\"{}\"", doing,
               connection_ ? first_line(PQerrorMessage(connection_.get())) : "");
}

task<bool> connection::open() {
  silent_ = false;
  broken_ = false;
  deadline = watchdog_.now() + options_.connect_timeout;
  const bool opened = co_await connect() && co_await prepare();
  deadline = clock::time_point::max();
  co_return opened;
}

task<bool> connection::wait(descriptor::wait_type what) {
  const auto [error] = co_await descriptor_.async_wait(what, no_throw);
  co_return !error && !silent_ && !stopping_;
}

// Starts to connect, with every name looked up: from here on libpq does not block.
task<bool> connection::begin() {
  std::vector<std::pair<const char*, std::string>> parameters{
      // What stands before dbname is a default that the conninfo may replace; what stands behind it replaces.
      {"keepalives_idle", "10"},     {"keepalives_interval", "5"},
      {"keepalives_count", "3"},     {"fallback_application_name", options_.application_name},
      {"dbname", options_.conninfo}, {"client_encoding", "UTF8"},
  };
  if (auto named = servers_to_look_up(options_.conninfo)) {
    const auto found = co_await look_up(std::move(*named));
    if (!found) {
      if (!problem_reported_) log::warning("{}", found.error().what);
      problem_reported_ = true;
      co_return false;
    }
    parameters.emplace_back("host", comma_separated(found->hosts));
    parameters.emplace_back("hostaddr", comma_separated(found->addresses));
    parameters.emplace_back("port", comma_separated(found->ports));
  }
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) co_return false;
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  co_return true;
}

task<bool> connection::connect() {
  if (!co_await begin()) co_return false;
  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(connection_.get())) {
    if (next == PGRES_POLLING_FAILED) co_return false;
    // libpq may have gone on to another socket: take the one of now, and never close it ourselves.
    error_code error;
    descriptor_.assign(PQsocket(connection_.get()), error);
    if (error) co_return false;
    const bool fine =
        co_await wait(next == PGRES_POLLING_READING ? descriptor::wait_read : descriptor::wait_write);
    descriptor_.release();
    if (!fine) co_return false;
  }
  error_code error;
  descriptor_.assign(PQsocket(connection_.get()), error);
  co_return !error && PQsetnonblocking(connection_.get(), 1) == 0 &&
      PQenterPipelineMode(connection_.get()) == 1;
}

// Settings of this session and all prepared statements, in one round trip.
task<bool> connection::prepare() {
  auto* const c = connection_.get();
  const auto settings = fmt::format(
      "select set_config('search_path', 'atelier', false), set_config('statement_timeout', '{}', false),"
      " set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false),"
      " set_config('timezone', 'UTC', false), set_config('default_transaction_isolation', 'read committed', "
      "false)",
      options_.statement_timeout.count());
  bool sent = PQsendQueryParams(c, settings.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  for (const auto& s : options_.statements)
    sent = sent && PQsendPrepare(c, std::string(s.name).c_str(), std::string(s.sql).c_str(), 0, nullptr) == 1;
  if (!sent || PQpipelineSync(c) != 1) co_return false;
  for (;;) {
    while (!PQisBusy(c)) {
      const pg_result result(PQgetResult(c));
      const auto status = PQresultStatus(result.get());
      if (result && status == PGRES_PIPELINE_SYNC) co_return true;
      if (result && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        log::warning(
            "a statement cannot be prepared: is the schema there? `atelier schema apply` makes it "
            "reason=\"{}\"",
            first_line(PQresultErrorMessage(result.get())));
        problem_reported_ = true;
        co_return false;
      }
    }
    const int unsent = PQflush(c);
    if (unsent < 0) co_return false;
    if (unsent > 0) {
      if (!co_await wait(descriptor::wait_write)) co_return false;
    } else if (!co_await wait(descriptor::wait_read)) {
      co_return false;
    }
    if (PQconsumeInput(c) != 1) co_return false;
  }
}

task<bool> connection::serve() {
  ready_ = true;
  while (!broken_ && co_await wait(descriptor::wait_read)) {
    const bool alive = PQconsumeInput(connection_.get()) == 1;
    const bool sound = take_answers();
    wake_finished();
    if (!alive || !sound) break;
    deadline =
        pipeline_.awaits_server() ? watchdog_.now() + options_.answer_timeout : clock::time_point::max();
    if (pipeline_.waiting() > 0) schedule_turn();
  }
  co_return false;
}

bool connection::submit(call& one) {
  if (!pipeline_.push(one)) return false;
  schedule_turn();
  return true;
}

// After all that is ready in this turn of the loop has been pushed.
void connection::schedule_turn() {
  if (turn_scheduled_ || flushing_) return;
  turn_scheduled_ = true;
  asio::post(loop_, [this] { turn(); });
}

void connection::turn() {
  turn_scheduled_ = false;
  if (!ready_ || flushing_) return;
  const bool was_quiet = !pipeline_.awaits_server();
  const auto items = pipeline_.next_turn();
  if (items.empty()) return;
  // Sending is no progress: while older statements wait, their deadline stands.
  if (was_quiet) deadline = watchdog_.now() + options_.answer_timeout;
  bool sound = true;
  for (const auto* item : items)
    sound = sound && (item ? send(*static_cast<const call*>(item)) : PQpipelineSync(connection_.get()) == 1);
  if (sound && flush()) return;
  broken_ = true;
  error_code ignored;
  descriptor_.cancel(ignored);
}

bool connection::send(const call& one) {
  constexpr int binary = 1;
  static const std::vector<int> all_binary(64, binary);
  const auto values = one.with.values();
  const auto lengths = one.with.lengths();
  return PQsendQueryPrepared(connection_.get(), options_.statements[one.statement].name.data(),
                             static_cast<int>(values.size()), values.data(), lengths.data(),
                             all_binary.data(), binary) == 1;
}

// False: the connection is broken.
bool connection::flush() {
  const int unsent = PQflush(connection_.get());
  flushing_ = unsent > 0;
  if (unsent > 0)
    descriptor_.async_wait(descriptor::wait_write, [this](error_code error) {
      if (error) return;
      if (!flush()) {
        broken_ = true;
        descriptor_.cancel(error);
      } else if (!flushing_ && pipeline_.waiting() > 0) {
        schedule_turn();
      }
    });
  return unsent >= 0;
}

// Everything that has arrived whole. False: the connection is broken.
bool connection::take_answers() {
  auto* const c = connection_.get();
  bool ended_one = false;  // libpq says null behind each statement's results, and again when there is nothing
  while ((pipeline_.expects_answer() || pipeline_.expects_sync()) && !PQisBusy(c)) {
    pg_result result(PQgetResult(c));
    if (result) {
      ended_one = false;
      if (PQstatus(c) == CONNECTION_BAD || is_shutdown(field_of(result.get(), PG_DIAG_SQLSTATE)))
        return false;
      if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
        if (auto* one = pipeline_.synced())
          finished_.emplace_back(static_cast<call*>(one), std::move(*held_));
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
    const auto verdict = answer_aborted_ ? pipeline::verdict::aborted
                         : failed        ? pipeline::verdict::failed
                                         : pipeline::verdict::succeeded;
    if (auto* one = pipeline_.answered(verdict))
      finished_.emplace_back(static_cast<call*>(one), std::move(*answer_));
    else if (verdict == pipeline::verdict::succeeded)
      held_ = std::move(answer_);
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

void connection::wake_finished() {
  auto finished = std::move(finished_);
  finished_.clear();
  for (auto& [one, what] : finished) one->finish(std::move(what));
}

void connection::close() {
  ready_ = false;
  flushing_ = false;
  answer_.reset();
  held_.reset();
  deadline = clock::time_point::max();
  if (descriptor_.is_open()) descriptor_.release();  // PQfinish closes it
  connection_.reset();
  wake_finished();
  if (pipeline_.load() > 0 || pipeline_.awaits_server())
    lost_(pipeline_.lost(), silent_ ? errc::timed_out : errc::connection_lost);
}

}  // namespace atelier::db
