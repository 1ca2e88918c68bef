// Random valid records through random damage: what is not damaged is there, as it was.
#include "etl/damage.hpp"
#include "etl/row.hpp"
#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace atelier::etl;
using namespace atelier::etl::test;

namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;

std::string text_field(random_stream& random) {
  constexpr std::string_view alphabet = "abcdef  ,,'\n.";
  std::string text = "\"x ";
  for (auto n = random.below(30); n > 0; --n) text += alphabet[random.below(alphabet.size())];
  if (random.below(4) == 0) text += "\"\"said\"\"";
  return text + "y\"";
}

std::vector<std::string> good_row(const set_shape& shape, int id, random_stream& random) {
  std::vector<std::string> fields;
  for (const auto& c : shape.columns) switch (c.type) {
      case column_type::id:
        fields.push_back(std::to_string(fields.empty() ? id : 1 + static_cast<int>(random.below(50))));
        break;
      case column_type::rating:
        fields.push_back(std::to_string(1 + random.below(5)));
        break;
      case column_type::date:
        fields.push_back(std::to_string(1'500'000'000'000 + random.below(1'000'000'000)));
        break;
      case column_type::boolean:
        fields.push_back(random.below(2) ? "true" : "false");
        break;
      case column_type::count:
        fields.push_back(std::to_string(random.below(100)));
        break;
      case column_type::text:
        fields.push_back(!c.required && random.below(3) == 0 ? "null" : text_field(random));
    }
  return fields;
}

std::string joined(const std::vector<std::string>& fields) {
  std::string line;
  for (const auto& f : fields) line += (line.empty() ? "" : ",") + f;
  return line;
}

}  // namespace

TEST_CASE("a damaged row costs itself and at most the two after it, and no good row changes") {
  const std::uint64_t seed = 31'337;
  INFO("seed " << seed);
  for (std::uint64_t round = 0; round < 400; ++round) {
    INFO("round " << round);
    random_stream random(seed, round);
    const auto& shape = all_sets()[random.below(set_count)];
    std::string bytes;
    std::map<int, std::vector<std::string>> expected;  // by id: the text fields of rows that must be loaded
    int since_damage = 10;
    for (int id = 1; id <= 60; ++id) {
      const auto fields = good_row(shape, id, random);
      if (since_damage >= 3 && random.below(5) == 0) {
        const auto kind = static_cast<damage_kind>(random.below(damage_kinds));
        if (const auto damaged = damage_row(kind, shape, fields, random)) {
          bytes += *damaged + '\n';
          since_damage = 0;
          continue;
        }
      }
      if (++since_damage > 2) expected[id] = fields;
      bytes += joined(fields) + '\n';
    }
    memory_source source(bytes, 1 + random.below(200));
    record_reader reader(source);
    reader.expect_columns(shape.columns.size());
    row_cleaner cleaner(published_layout(shape.kind), now_ms);
    row values;
    rejection why{};
    std::set<int> loaded;
    for (;;) {
      const auto next = reader.next();
      REQUIRE(next);
      if (!*next) break;
      if (!cleaner.clean(**next, values, why)) continue;
      const auto id = static_cast<int>(values.values[0].number);
      loaded.insert(id);
      const auto found = expected.find(id);
      if (found == expected.end()) continue;
      for (std::size_t c = 0; c < shape.columns.size(); ++c) {
        if (shape.columns[c].type != column_type::text || found->second[c] == "null") continue;
        std::string text;
        for (const char letter : values.values[c].text) text.append(letter == '"' ? 2 : 1, letter);
        REQUIRE('"' + text + '"' == found->second[c]);
      }
      REQUIRE((values.repairs & ~bit(repair::default_value)) == 0);  // an address that is null is absent
    }
    for (const auto& [id, fields] : expected) {
      INFO(joined(fields) << "\n--- of ---\n" << bytes);
      REQUIRE(loaded.contains(id));
    }
  }
}
