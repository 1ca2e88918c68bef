// What the loader's tests have in common: the program, small files, the database's answers, a report's
// figures.
#pragma once

#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl_house {

/// `atelier etl WORDS…`, to its end.
test::finished run_etl(std::vector<std::string> words, const std::vector<std::string>& environment = {});

/// `atelier etl load SOURCE --db …`
test::finished load(const test::test_database& database, const std::string& source,
                    std::vector<std::string> more = {});

void make_sample(const test::temp_dir& folder, int products, int seed = 1,
                 const std::string& unreliable = "");

/// One value of the database as text.
std::string ask(const test::test_database& database, const std::string& sql);

std::size_t lines_of(const std::filesystem::path& file);

/// Seven small files, each with its header; a test adds rows.
class small_set {
 public:
  std::map<std::string, std::string> files;

  small_set();
  std::string write(const test::temp_dir& folder) const;
};

struct figures {
  std::int64_t rows_read, loaded, repaired, rejected, duplicates;
  std::map<std::string, std::int64_t> rejects;
};

/// The figures of one set in a report; throws if it is not there.
figures of_set(const std::filesystem::path& report, std::string_view set);

/// Counters that `meta` shows, against the rows they count: the number of products where they differ, "0".
std::string wrong_counters(const test::test_database& database);

}  // namespace atelier::etl_house
