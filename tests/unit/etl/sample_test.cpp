#include "etl/sample.hpp"

#include "etl/damage.hpp"
#include "etl/random.hpp"
#include "etl/row.hpp"
#include "support/temp_dir.hpp"
#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace atelier::etl;
using atelier::test::read_file;
using atelier::test::temp_dir;

namespace {

constexpr std::int64_t now = 1'700'000'000'000;

// A good row of each set, as it stands in its file.
std::vector<std::string> good_row(set_kind set) {
  switch (set) {
    case set_kind::characteristics:
      return {"7", "3", "\"Fit\""};
    case set_kind::reviews_photos:
    case set_kind::answers_photos:
      return {"7", "3", "\"https://x.org/a b\""};
    case set_kind::characteristic_reviews:
      return {"7", "3", "4", "5"};
    case set_kind::reviews:
      return {"7",
              "3",
              "5",
              "1596080481467",
              "\"So \"\"so\"\"\"",
              "\"Good, it's fine\"",
              "true",
              "false",
              "\"n\"",
              "\"a@b\"",
              "null",
              "8"};
    default:
      return {"7", "3", "\"Is it, really?\"", "1596080481467", "\"n\"", "\"a@b\"", "false", "8"};
  }
}

// What the cleaner says of the records that stand in the file after the damage: a word each.
std::vector<std::string> outcomes(set_kind set, std::string_view bytes) {
  atelier::etl::test::memory_source source(bytes, 64);
  record_reader reader(source);
  reader.expect_columns(shape_of(set).columns.size());
  row_cleaner cleaner(published_layout(set), now);
  std::vector<std::string> all;
  for (auto r = reader.next(); r && *r; r = reader.next()) {
    row out;
    rejection why;
    if (!cleaner.clean(**r, out, why))
      all.emplace_back(reject_names[static_cast<std::size_t>(why.why)]);
    else
      all.emplace_back(out.repairs == 0 ? "ok" : "repaired");
  }
  return all;
}

std::set<std::string> possible(damage_kind kind) {
  using enum damage_kind;
  switch (kind) {
    case newline_in_quotes:
    case line_end_crlf:
    case line_end_cr:
    case blank_line:
    case id_gap:
    case id_out_of_order:
    case id_duplicate:
    case parent_unknown:
      return {"ok"};
    case date_unreadable:
      return {"ok", "bad_date"};
    case null_required:
      return {"ok", "missing_value"};
    case column_missing:
      return {"ok", "too_few_columns"};
    case surplus_filled:
      return {"ok", "too_many_columns"};
    case quote_unterminated:
      return {"ok", "bad_quoting", "repaired"};  // `"so ""so"",` says enough
    case nul_byte:
    case invalid_utf8:
    case latin1_text:
      return {"ok", "bad_encoding"};
    case id_stray:
      return {"ok", "bad_number"};
    case rating_six:
      return {"ok", "out_of_range"};
    case header_again:
      return {"ok", "bad_number"};
    case comment_line:
      return {"ok", "too_few_columns"};
    case commas_alone:
      return {"ok", "missing_value"};
    default:
      return {"ok", "repaired"};
  }
}

}  // namespace

TEST_CASE("the same seed gives the same bytes, another seed others") {
  const temp_dir a, b, c;
  REQUIRE(write_sample({a.path(), 50, 7, 0.02}));
  REQUIRE(write_sample({b.path(), 50, 7, 0.02}));
  REQUIRE(write_sample({c.path(), 50, 8, 0.02}));
  for (const auto& shape : all_sets()) {
    const auto name = std::string(shape.name) + ".csv";
    CHECK(read_file(a / name) == read_file(b / name));
    CHECK(read_file(a / name) != read_file(c / name));
  }
}

TEST_CASE("a smaller sample is the beginning of a larger one") {
  const temp_dir small, large;
  REQUIRE(write_sample({small.path(), 20, 1, 0}));
  REQUIRE(write_sample({large.path(), 60, 1, 0}));
  for (const auto& shape : all_sets()) {
    const auto name = std::string(shape.name) + ".csv";
    const auto beginning = read_file(small / name);
    CHECK(read_file(large / name).substr(0, beginning.size()) == beginning);
  }
}

TEST_CASE("the sample is in the canonical form of the published files, with their odds and ends") {
  const temp_dir folder;
  REQUIRE(write_sample({folder.path(), 300, 1, 0}));
  std::string everything;
  for (const auto& shape : all_sets()) {
    const auto bytes = read_file(folder / (std::string(shape.name) + ".csv"));
    const auto rows = outcomes(shape.kind, bytes.substr(bytes.find('\n') + 1));
    CHECK(std::set<std::string>(rows.begin(), rows.end()) == std::set<std::string>{"ok"});
    everything += bytes;
  }
  for (const auto* odd : {"\"\"", "it's", ",null\n", "\"Seller\",\"Seller\"", "\nCons: "})
    CHECK(everything.find(odd) != std::string::npos);
}

TEST_CASE("every kind of damage happens to some set, and does what it says") {
  for (std::size_t k = 0; k < damage_kinds; ++k) {
    const auto kind = static_cast<damage_kind>(k);
    INFO("kind " << k);
    bool happened = false;
    for (const auto& shape : all_sets()) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        INFO("set " << shape.name << " seed " << seed);
        random_stream random(seed, k);
        const auto damaged = damage_row(kind, shape, good_row(shape.kind), random);
        if (!damaged) continue;
        happened = true;
        std::string next;
        for (const auto& f : good_row(shape.kind)) next.append(next.empty() ? "" : ",").append(f);
        const auto found = outcomes(shape.kind, *damaged + '\n' + next + '\n');
        const auto allowed = possible(kind);
        for (const auto& outcome : found) CHECK(allowed.contains(outcome));
        CHECK(found.back() == "ok");
        if (allowed.size() > 1) CHECK(found.front() != "ok");
      }
    }
    CHECK(happened);
  }
}

TEST_CASE("a file that is damaged here and there has every kind, and about the share asked for") {
  const auto& shape = shape_of(set_kind::reviews);
  damage harm(shape, 0.1, 3);
  std::string good;
  for (const auto& f : good_row(shape.kind)) good.append(good.empty() ? "" : ",").append(f);
  int changed = 0;
  for (int i = 0; i < 10'000; ++i) changed += harm.row(good_row(shape.kind)) != good;
  CHECK(changed > 800);
  CHECK(changed < 1200);
}

TEST_CASE("a folder that cannot be made is told in a sentence") {
  const auto made = write_sample({"/proc/nothing/here", 1, 1, 0});
  REQUIRE_FALSE(made);
  CHECK(made.error().what.find("cannot be made") != std::string::npos);
}
