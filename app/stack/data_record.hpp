// What data a folder of `atelier up` holds, and what a start with given options makes of it.
#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::stack {

/// Where data come from: made for that many products, or read from CSV files in a folder.
struct data_source {
  long long products = 0;  // 0: from the folder
  std::string csv;         // absolute

  friend bool operator==(const data_source&, const data_source&) = default;
};

/// "the sample data of 1000 products", "the CSV files in /srv/csv".
std::string to_string(const data_source& source);

/// Stands in the folder as `atelier-up.toml`, from before anything is made in it.
struct data_record {
  data_source source;
  bool is_loaded = false;  // false: a load was begun and never finished
};

struct data_request {
  std::optional<data_source> source;  // empty: neither --products nor --csv was given
  bool reset = false;
};

inline constexpr long long default_products = 1000;

struct data_plan {
  data_source source;
  bool must_load = false;   // into an empty database, made anew
  bool must_clear = false;  // everything in the folder goes first
};

/// Keeps what is there unless --reset says otherwise; a load that was interrupted is done again.
/// Errors: other data are there than the ones asked for.
result<data_plan> plan_data(const data_request& asked, const std::optional<data_record>& found);

/// The record as text and back. Errors: not a record, or one of a newer atelier.
std::string write_record(const data_record& record);
result<data_record> read_record(std::string_view text);

/// The record of a folder; nothing where there is none. Errors: unreadable, as above.
result<std::optional<data_record>> load_record(const std::filesystem::path& folder);

/// Replaces it in one step that survives a crash. Errors: a full disk, no permission.
result<> save_record(const std::filesystem::path& folder, const data_record& record);

}  // namespace atelier::stack
