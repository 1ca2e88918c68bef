// Rows on their way into tables that serve: some ten thousand at a time, each batch all or nothing.
#pragma once

#include "db/session.hpp"
#include "etl/append_sql.hpp"
#include "etl/copy_writer.hpp"
#include "etl/ids.hpp"
#include "etl/load_record.hpp"
#include "etl/reading.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

enum class conflict { skip, update };  // what becomes of a row whose id is there already

/// Collects the rows of one set, lets PostgreSQL judge them against what it has, and counts them when they
/// are committed.
class append_batch {
 public:
  static constexpr std::size_t rows_max = 20'000;
  static constexpr std::size_t raw_bytes_max = 16 << 20;  // kept of the rows, for the reject files

  /// `work` writes the batches; `side` moves the sequence, in transactions of its own. Both are borrowed.
  static result<append_batch> start(run_state& run, db::session& work, db::session& side,
                                    const load_record& record, set_kind set, conflict what);

  /// Where the row's own columns go, in the order of the plan's stage. Begins a batch if none is under way.
  result<copy_writer*> add(std::uint32_t file, const record& r, const row& values);
  /// Ends the row; settles the batch if it is full.
  result<> end_row();
  /// Settles what is left.
  result<> finish();

  /// Called for every row that was loaded or updated, or need not be.
  std::function<void(std::int64_t id)> on_loaded;

 private:
  struct waiting {
    std::uint32_t file;
    std::uint64_t line, offset;
    repair_set repairs;
    std::int64_t id, parent;
    std::size_t raw_begin, raw_end;
  };

  append_batch(run_state& run, db::session& work, db::session& side, const load_record& record, set_kind set,
               conflict what)
      : run_(&run), work_(&work), side_(&side), record_(&record), plan_(&plan_of(set)), what_(what) {}
  result<> begin();
  result<> settle();
  result<> judge(std::string& verdicts);
  result<> ask_for_verdicts(std::string& verdicts);
  result<bool> move_sequence(const std::string& verdicts);
  result<> apply(const std::string& verdicts);
  void count(const std::string& verdicts);
  result<> commit();
  result<> note_checkpoint();

  run_state* run_;
  db::session* work_;
  db::session* side_;
  const load_record* record_;
  const append_plan* plan_;
  conflict what_;
  std::optional<copy_writer> writer_;
  std::vector<waiting> rows_;
  std::string raw_;
  std::int64_t sequence_at_ = 0;
  id_set settled_;  // ids that this load has loaded or updated
};

}  // namespace atelier::etl
