// Photos and the rows they belong to: read first, given out with the rows, settled when all parents are
// known.
#pragma once

#include "etl/next_tables.hpp"
#include "etl/photo_spill.hpp"
#include "etl/reading.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace atelier::etl {

/// Photos that have to be put into rows that are in their table already, because they were contested. They
/// wait in a table of their own beside it, which is made when the first one comes.
class late_photos {
 public:
  /// `table`: of their parents.
  result<> add(const std::string& conninfo, std::string_view table, const waiting_photo& p);
  /// No more come.
  result<> end();
  /// Puts them into their parents' rows, whose table has its index on id now.
  result<> put_in();

 private:
  std::unique_ptr<db::session> session_;  // null: none came
  std::optional<copy_writer> writer_;
  std::string_view table_;
};

/// Where one part of a load goes, and what is left to do for it at the end.
struct part_target {
  const std::string* conninfo = nullptr;  // null: nothing is built
  build_pool* pool = nullptr;
  largest_ids largest;
  late_photos late;
};

/// Reads the files of a set of photos into the spill, if photos of single rows will be asked for.
result<> read_photos(run_state& run, set_kind set, photo_spill& spill);

/// Decides about every photo, now that all parents are known, and counts it. Adds those that still have to be
/// put into their rows to `to.late`.
result<> settle_photos(run_state& run, set_kind set, photo_spill& spill,
                       const std::function<bool(std::int64_t)>& is_loaded, std::int64_t& largest,
                       part_target& to);

/// The two photo columns of a row: ids and urls, both null when there are none.
void write_photos(copy_writer& out, std::span<const photo> photos);

}  // namespace atelier::etl
