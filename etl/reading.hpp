// One run over the files: who has read how much, how much was refused, and when that is too much.
#pragma once

#include "etl/inputs.hpp"
#include "etl/rejects.hpp"
#include "etl/report.hpp"
#include "etl/row.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

/// How many rows may be rejected before nothing is published.
struct reject_limit {
  std::optional<std::uint64_t> rows;  // either so many
  std::optional<double> share;        // or this share of all rows, 0 … 1
};

/// Reads "1000" or "5%".
std::optional<reject_limit> parse_reject_limit(const std::string& text);

/// One input and what has come of it so far.
struct reading {
  /// Bytes to show progress against: of the content, or of the file as stored.
  std::optional<std::uint64_t> bytes_expected() const { return of.bytes ? of.bytes : of.from.bytes; }

  reading(input file, std::string reject_stem)
      : of(std::move(file)), rejects(std::move(reject_stem), of.from.shown) {
    rejects.set_header(of.header);
  }

  input of;
  reject_files rejects;
  row_counts counts;
  std::uint64_t undecided = 0;  // of the rows read: they wait for others
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::string sha256;
  std::atomic<std::chrono::steady_clock::time_point> begun{};
  std::atomic<std::uint64_t> bytes_so_far = 0;   // for the progress line, from another thread
  std::atomic<std::uint64_t> parsed_so_far = 0;  // bytes behind which the rows so far end
  std::atomic<std::uint64_t> rows_so_far = 0;
  std::atomic<bool> is_over = false;
};

/// What all threads of a run share.
class run_state {
 public:
  /// `kept`: what of the load is in the database when it is stopped, for messages.
  run_state(std::vector<input> inputs, const std::string& reject_folder, reject_limit limit,
            std::string_view kept = "nothing was published");

  /// An error if this run would write its rejects over one of its own files.
  result<> spare_inputs() const;
  /// Removes what earlier runs left under the names of this one's rejects; to be asked when this one has the
  /// right to load.
  void remove_earlier_rejects() const;

  std::vector<std::unique_ptr<reading>>& files() { return files_; }
  bool has(set_kind set) const { return present_[static_cast<std::size_t>(set)]; }
  std::int64_t now_ms() const { return now_ms_; }

  void count_loaded(reading& file, repair_set repairs);
  void count_rejected(reading& file, const reject_note& note);
  void count_read(reading& file, std::uint64_t stored, std::uint64_t parsed);

  /// True when another thread has failed, or the limit is passed: everybody stops.
  bool must_stop() const { return stop_.load(std::memory_order_relaxed); }
  void stop() { stop_ = true; }
  /// Sources whose length nobody knows beforehand (packed, piped, sent without a length) are taken to hold at
  /// most so many more rows, all together: more than the seven published sets have.
  static constexpr std::uint64_t unseen_rows_max = 50'000'000;

  /// The limit against what was read: nothing if it holds. Before the end it is passed only if it will be for
  /// certain, even if all that is to come were good rows: of known bytes as short as can be, of unknown
  /// length unseen_rows_max.
  std::optional<failure> over_limit(bool at_end) const;

  /// The figures so far. Before the end, as a run is that was stopped, rows whose fate is still open count as
  /// not read; at the end there may be none.
  load_report report(bool at_end) const;

 private:
  std::uint64_t rows_at_most() const;

  std::vector<std::unique_ptr<reading>> files_;
  std::array<bool, set_count> present_{};
  reject_limit limit_;
  std::string_view kept_;
  std::int64_t now_ms_;
  std::atomic<std::uint64_t> rows_read_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> limit_passed_ = false;
};

/// What the caller made of a clean row. One that is deferred stays among the undecided until the caller takes
/// it from them and counts it.
enum class fate { loaded, refused, deferred };

/// For a caller who refuses a row because of the value of one column.
fate refuse(rejection& why, reject reason, set_kind set, std::size_t column);

/// Reads all files of a set, one after the other, and shows every clean row; those that are not clean are
/// counted and noted here. `see` fills `why` when it refuses. Errors: unreadable; rejects that cannot be
/// written; the limit; another thread's failure.
using see_row =
    std::function<result<fate>(std::uint32_t file, const record& r, const row& values, rejection& why)>;
result<> read_set(run_state& run, set_kind set, const see_row& see);

}  // namespace atelier::etl
