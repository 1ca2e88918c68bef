// What came of every file: the figures, the JSON report, the table on the terminal.
#pragma once

#include "core/result.hpp"
#include "etl/outcome.hpp"
#include "etl/sets.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

/// Rows of one file by what became of them. loaded, repaired, rejected and duplicates are disjoint.
struct row_counts {
  std::uint64_t rows_read = 0;
  std::uint64_t loaded = 0;
  std::uint64_t repaired = 0;
  std::uint64_t rejected = 0;
  std::uint64_t duplicates = 0;
  std::array<std::uint64_t, repair_names.size()> repairs{};  // a row may have several
  std::array<std::uint64_t, reject_names.size()> rejects{};

  void count_loaded(repair_set repairs_of_row);
  void count_rejected(reject why);
  void add(const row_counts& other);
  /// rows read = loaded + repaired + rejected + duplicates.
  bool is_exact() const { return rows_read == loaded + repaired + rejected + duplicates; }
};

struct file_report {
  std::string file;
  set_kind set{};
  row_counts counts;
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::string sha256;
};

struct load_report {
  std::vector<file_report> files;
  double seconds = 0;
  bool published = false;

  row_counts totals() const;
};

/// {"bad_date":2,…}: those that are not 0.
std::string named_counts(std::span<const std::uint64_t> counts, std::span<const std::string_view> names);

std::string to_json(const load_report& report);
std::string to_table(const load_report& report);

/// Makes sure that a report can be written there, before the work that it is about is done.
result<> prepare_report(const std::string& path);
/// Writes the JSON beside its name and renames it.
result<> write_report(const load_report& report, const std::string& path);

}  // namespace atelier::etl
