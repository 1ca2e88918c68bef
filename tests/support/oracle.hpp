// The expected answers, computed from the CSV files alone.
//
// Nothing of the program is used here: not its reader, not its schema, not its serialiser. Rows are plain
// structs in vectors, a page is a filter, a sort and a slice, and the JSON is appended by hand from
// CONTRACT.md's samples. Slow, and obviously right.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::test {

struct photo {
  std::int64_t id = 0;
  std::string url{};
};

struct review {
  std::int64_t id = 0;
  std::int64_t product = 0;
  int rating = 0;
  std::int64_t date_ms = 0;  // since 1970, UTC
  std::string summary{};
  std::string body{};
  bool recommend = false;
  bool reported = false;
  std::string name{};
  std::optional<std::string> response{};
  std::int64_t helpfulness = 0;
  std::vector<photo> photos{};
};

struct characteristic {
  std::int64_t id = 0;
  std::int64_t product = 0;
  std::optional<std::string> name{};
};

struct characteristic_value {
  std::int64_t characteristic = 0;
  int value = 0;  // 1..5
};

struct question {
  std::int64_t id = 0;
  std::int64_t product = 0;
  std::string body{};
  std::int64_t date_ms = 0;
  std::string name{};
  bool reported = false;
  std::int64_t helpfulness = 0;
};

struct answer {
  std::int64_t id = 0;
  std::int64_t question = 0;
  std::string body{};
  std::int64_t date_ms = 0;
  std::string name{};
  bool reported = false;
  std::int64_t helpfulness = 0;
  std::vector<photo> photos{};
};

enum class order { relevant, newest, helpful };

/// What the database should hold. A test applies its writes by changing the rows.
struct shop {
  std::vector<review> reviews;
  std::vector<characteristic> characteristics;
  std::vector<characteristic_value> values;
  std::vector<question> questions;
  std::vector<answer> answers;

  review& review_of(std::int64_t id);  // throws std::out_of_range, as the next two
  question& question_of(std::int64_t id);
  answer& answer_of(std::int64_t id);
};

/// Reads the seven files of a folder as `atelier etl sample` writes them: clean, with a header. Throws
/// std::runtime_error.
shop read_shop(const std::filesystem::path& folder);

/// Which slice of a list is asked for, as in the query: page 1 is the first, 0 means 1.
struct slice {
  std::int64_t page = 1;
  std::int64_t count = 5;
};

// The whole body of each GET.
std::string reviews_json(const shop& s, std::int64_t product, order by = order::relevant, slice of = {});
std::string meta_json(const shop& s, std::int64_t product);
std::optional<std::string> review_json(const shop& s, std::int64_t id);  // nothing: 404
std::string questions_json(const shop& s, std::int64_t product, slice of = {});
std::string answers_json(const shop& s, std::int64_t question, slice of = {});

// The parts, for their own tests.
std::string json_text(std::string_view text);            // quoted and escaped as JSON.stringify does
std::string iso_time(std::int64_t ms_since_1970);        // 2020-07-30T03:41:21.467Z
std::string mean(std::int64_t sum, std::int64_t count);  // 16 decimals, rounded half up; count > 0
std::vector<std::vector<std::string>> read_csv(
    std::string_view text);  // RFC 4180, every record, header included

}  // namespace atelier::test
