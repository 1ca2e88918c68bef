// Indexes, keys and statistics, built on several connections at the same time while rows are still being
// read.
#pragma once

#include "db/session.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace atelier::etl {

/// What a table needs when its rows are there: that they are committed, statements that may run side by side,
/// and then some one after the other.
struct table_build {
  std::unique_ptr<db::session> filled;  // in whose transaction the rows are
  std::size_t rows = 0;  // tables with more are built first, so that what is left at the end is short
  std::vector<std::string> side_by_side;
  std::vector<std::string> afterwards;
};

/// How much of the database's memory the index of a table with so many rows may be built in, in MB.
/// `share_mb` is what one build may have; what it does not use stays free.
std::size_t build_memory_mb(std::size_t rows, std::size_t share_mb);

/// Some threads, each with a connection of its own, that take statements from a queue. The first failure
/// stops all.
class build_pool {
 public:
  /// `failed` is called once, from one of the threads, when something fails.
  build_pool(std::string conninfo, unsigned connections, std::function<void()> failed);
  /// Ends what is under way and forgets the rest.
  ~build_pool();
  build_pool(const build_pool&) = delete;
  build_pool& operator=(const build_pool&) = delete;

  void add(table_build work);
  /// Waits until all is built. Errors: what the first failure was.
  result<> finish();
  /// Ends what is under way and forgets the rest.
  void abandon();

 private:
  struct table : table_build {
    std::size_t left = 0;  // statements that are not done
  };
  struct step {
    std::string sql;  // empty: the commit
    std::shared_ptr<table> of;
  };

  void work();
  unsigned helpers() const;
  void enqueue(std::vector<step> steps);
  void commit(const std::shared_ptr<table>& of, std::unique_lock<std::mutex>& lock);
  void run(db::session& session, const step& next, std::unique_lock<std::mutex>& lock);
  result<std::size_t> share_mb(db::session& session) const;
  void fail_with(failure why);
  void end_threads();

  std::string conninfo_;
  unsigned connections_;
  std::function<void()> failed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<step> steps_;  // the largest tables first
  unsigned busy_ = 0;       // connections on which a statement runs
  unsigned committing_ = 0;
  std::size_t share_mb_ = 0;  // of the database's memory, that one build may have
  std::vector<std::thread> threads_;
  std::vector<db::canceller*> under_way_;
  bool over_ = false;
  std::optional<failure> problem_;
};

}  // namespace atelier::etl
