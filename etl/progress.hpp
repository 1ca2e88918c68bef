// How far a load has come, on stderr while it runs: a bar a file on a terminal, a line now and then
// elsewhere.
#pragma once

#include "etl/reading.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace atelier::etl {

/// Looks at the run from a thread of its own until stop() or the end of its life.
class progress {
 public:
  explicit progress(run_state& run);
  ~progress() { stop(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  void stop();

 private:
  void watch();
  void draw();
  void say();

  run_state& run_;
  bool terminal_;
  std::size_t drawn_lines_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

/// reviews.csv    [#####     ]  41%   2,400,000 rows   310,000/s   8 s left
/// Without `bytes_total` nobody knows how much of it that is.
std::string progress_line(std::string_view name, std::uint64_t bytes,
                          std::optional<std::uint64_t> bytes_total, std::uint64_t rows, double seconds);

/// The same of a file, counted from when its own reading began.
std::string progress_line(const reading& file, std::chrono::steady_clock::time_point now);

}  // namespace atelier::etl
