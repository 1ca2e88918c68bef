#include "etl/build_pool.hpp"

#include "etl/next_tables.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::etl {

// A sort in memory costs a tenth less than one that writes its rows to the disk and reads them again. Where
// it does not fit all the same, more memory gains nothing: its pieces only leave the processor's cache
// earlier.
std::size_t build_memory_mb(std::size_t rows, std::size_t share_mb) {
  constexpr std::size_t usual_mb = 256;
  constexpr std::size_t bytes_a_row = 80;  // PostgreSQL's, of an index on up to three numbers
  const auto all_mb = rows * bytes_a_row / (1 << 20) + 1;
  return all_mb <= share_mb ? std::max(all_mb, usual_mb) : usual_mb;
}

build_pool::build_pool(std::string conninfo, unsigned connections, std::function<void()> failed)
    : conninfo_(std::move(conninfo)), connections_(connections), failed_(std::move(failed)) {}

build_pool::~build_pool() { abandon(); }

void build_pool::add(table_build work) {
  const std::lock_guard lock(mutex_);
  enqueue({{"", std::make_shared<table>(table{std::move(work)})}});
  while (threads_.size() < connections_) threads_.emplace_back([this] { this->work(); });
}

// Called with the lock.
void build_pool::enqueue(std::vector<step> steps) {
  const auto behind = std::find_if(steps_.begin(), steps_.end(), [&](const step& waiting) {
    return waiting.of->rows < steps.front().of->rows;
  });
  steps_.insert(behind, std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
  wake_.notify_all();
}

result<> build_pool::finish() {
  end_threads();
  if (problem_) return *problem_;
  return {};
}

void build_pool::abandon() {
  {
    const std::lock_guard lock(mutex_);
    steps_.clear();
    if (!problem_) problem_ = fail("stopped because another part of the load failed");
    for (auto* statement : under_way_) statement->cancel();
  }
  end_threads();
}

void build_pool::end_threads() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void build_pool::fail_with(failure why) {
  if (problem_) return;
  problem_ = std::move(why);
  steps_.clear();
  for (auto* statement : under_way_) statement->cancel();
  if (failed_) failed_();
}

// How many processes may help with one build: processors of our share that nobody needs. While rows come,
// each of two parts keeps one busy with reading and one with the COPY.
unsigned build_pool::helpers() const {
  constexpr unsigned needed_by_reading = 4;
  const auto needed = busy_ + steps_.size() + (over_ ? 0 : needed_by_reading);
  return needed < connections_ ? connections_ - static_cast<unsigned>(needed) : 0;
}

// All builds together take a quarter of what the server says its machine has for data that are read again,
// which is what they are.
result<std::size_t> build_pool::share_mb(db::session& session) const {
  const auto told =
      session.run("select pg_size_bytes(current_setting('effective_cache_size')) >> 22");  // a quarter, in MB
  if (!told) return told.error();
  const auto text = told->text(0, 0);
  std::size_t quarter_mb = 0;
  std::from_chars(text.data(), text.data() + text.size(), quarter_mb);
  return quarter_mb / connections_;
}

// The server writes the rows to the disk, since they are in no log, and the next set is read meanwhile.
// Called with the lock, which is open while the server does.
void build_pool::commit(const std::shared_ptr<table>& of, std::unique_lock<std::mutex>& lock) {
  ++committing_;
  lock.unlock();
  const auto done = of->filled->run("commit");
  of->filled.reset();
  lock.lock();
  --committing_;
  wake_.notify_all();
  if (!done) return fail_with(done.error());
  if (problem_) return;
  std::vector<step> steps;
  for (auto& sql : of->side_by_side) steps.push_back({std::move(sql), of});
  of->left = steps.size();
  enqueue(std::move(steps));
}

// Called with the lock, which is open while the statement runs.
void build_pool::run(db::session& session, const step& next, std::unique_lock<std::mutex>& lock) {
  ++busy_;
  const auto build =
      fmt::format("set max_parallel_maintenance_workers = {}; set maintenance_work_mem = '{}MB'; {}",
                  helpers(), build_memory_mb(next.of->rows, share_mb_), next.sql);
  lock.unlock();
  const auto done = session.run(build);
  lock.lock();
  --busy_;
  if (!done) return fail_with(done.error());
  if (problem_ || --next.of->left > 0 || next.of->afterwards.empty()) return;
  next.of->left = 1;
  std::string sql;
  for (const auto& statement : next.of->afterwards) sql += statement + "; ";
  next.of->afterwards.clear();
  run(session, {std::move(sql), next.of}, lock);
}

void build_pool::work() {
  auto session = open_builder(conninfo_);
  const auto share = session ? share_mb(*session) : result<std::size_t>(session.error());
  std::unique_lock lock(mutex_);
  if (!share) return fail_with(share.error());
  share_mb_ = *share;
  db::canceller statement(*session);
  under_way_.push_back(&statement);
  for (;;) {
    // Whoever commits has more to give out.
    wake_.wait(lock, [&] { return !steps_.empty() || (over_ && committing_ == 0); });
    if (steps_.empty()) break;
    const auto next = std::move(steps_.front());
    steps_.pop_front();
    if (next.sql.empty())
      commit(next.of, lock);
    else
      run(*session, next, lock);
  }
  std::erase(under_way_, &statement);
}

}  // namespace atelier::etl
