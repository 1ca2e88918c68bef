// Photos and the rows they belong to: read first, given out with the rows, settled when all parents are
// known.
#pragma once

#include "etl/next_tables.hpp"
#include "etl/photo_spill.hpp"
#include "etl/reading.hpp"

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace atelier::etl {

/// A photo that has to be put into a row that is in the table already, because it was contested.
struct late_photo {
  std::string_view table;
  std::int64_t parent;
  std::int64_t id;
  std::string url;
};

/// Where one part of a load goes, and what is left to do for it at the end.
struct part_target {
  const std::string* conninfo = nullptr;  // null: nothing is built
  build_pool* pool = nullptr;
  largest_ids largest;
  std::vector<late_photo> late;
};

/// Reads the files of a set of photos into the spill, if photos of single rows will be asked for.
result<> read_photos(run_state& run, set_kind set, photo_spill& spill);

/// Decides about every photo, now that all parents are known, and counts it. Adds those that still have to be
/// put into their rows to `late`.
result<> settle_photos(run_state& run, set_kind set, photo_spill& spill,
                       const std::function<bool(std::int64_t)>& is_loaded, std::int64_t& largest,
                       std::vector<late_photo>& late);

/// Puts them there; the tables have their indexes on id.
result<> add_late_photos(db::session& session, const std::vector<late_photo>& late);

/// The two photo columns of a row: ids and urls, both null when there are none.
void write_photos(copy_writer& out, std::span<const photo> photos);

}  // namespace atelier::etl
