#include "etl/build_pool.hpp"

#include "etl/next_tables.hpp"

#include <algorithm>

namespace atelier::etl {

build_pool::build_pool(std::string conninfo, unsigned connections, std::function<void()> failed)
    : conninfo_(std::move(conninfo)), connections_(connections), failed_(std::move(failed)) {}

build_pool::~build_pool() { abandon(); }

void build_pool::add(table_build work) {
  const std::lock_guard lock(mutex_);
  const auto of = std::make_shared<table>(table{std::move(work.afterwards), work.side_by_side.size()});
  for (auto& sql : work.side_by_side) steps_.push_back({std::move(sql), of});
  while (threads_.size() < connections_ && threads_.size() < steps_.size())
    threads_.emplace_back([this] { this->work(); });
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

// Called with the lock, which is open while the statement runs.
void build_pool::run(db::session& session, const step& next, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto done = session.run(next.sql);
  lock.lock();
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
  std::unique_lock lock(mutex_);
  if (!session) return fail_with(session.error());
  db::canceller statement(*session);
  under_way_.push_back(&statement);
  for (;;) {
    wake_.wait(lock, [&] { return over_ || !steps_.empty(); });
    if (steps_.empty()) break;
    const auto next = std::move(steps_.front());
    steps_.pop_front();
    run(*session, next, lock);
  }
  std::erase(under_way_, &statement);
}

}  // namespace atelier::etl
