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

// Rows that stand in a text have ids of their own, which tell whose text it is.
constexpr int quoted_rows = 1000;

std::string text_field(random_stream& random, const std::string& quoted_row) {
  // A text that begins with a comma may end an unterminated quote further up. If it has lines too, what is
  // left of it is a row and a piece, and one row more may be lost.
  const bool begins_with_comma = quoted_row.empty() && random.below(8) == 0;
  const std::string_view alphabet = begins_with_comma ? "abcdef  ,,'." : "abcdef  ,,'\n.";
  std::string text = begins_with_comma ? "\", " : "\"x ";
  for (auto n = random.below(30); n > 0; --n) text += alphabet[random.below(alphabet.size())];
  if (random.below(4) == 0) text += "\"\"said\"\"";
  if (!quoted_row.empty()) {
    for (auto n = 1 + random.below(3); n > 0; --n) text += '\n' + quoted_row;
    if (random.below(2)) return text + "\n\"";
  }
  return text + "y\"";
}

std::string joined(const std::vector<std::string>& fields) {
  std::string line;
  for (const auto& f : fields) line += (line.empty() ? "" : ",") + f;
  return line;
}

std::vector<std::string> good_row(const set_shape& shape, int id, random_stream& random);

// A good row as it stands in the text of the row `id`, with its quotes doubled or without any; mostly none.
std::string row_for_text(const set_shape& shape, int id, random_stream& random) {
  std::string text;
  if (id >= quoted_rows || random.below(3) > 0) return text;
  const auto times = 2 * random.below(2);
  for (const char c : joined(good_row(shape, quoted_rows + id, random))) text.append(c == '"' ? times : 1, c);
  return text;
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
        fields.push_back(!c.required && random.below(3) == 0
                             ? "null"
                             : text_field(random, row_for_text(shape, id, random)));
    }
  return fields;
}

// Only its first columns are as they should be: behind them stands a quote that breaks the rules.
std::string broken_behind(std::vector<std::string> fields, random_stream& random) {
  fields.resize(1 + random.below(static_cast<std::uint32_t>(fields.size())));
  return joined(fields) + (random.below(2) ? ",\"x\"y" : ",6\" tall,7");
}

bool leaves_quotes(damage_kind kind) {
  return kind != damage_kind::quote_unescaped && kind != damage_kind::quote_backslash &&
         kind != damage_kind::quote_apostrophe && kind != damage_kind::quote_unterminated;
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
    std::set<int> well_quoted;                         // those of which no text may be split
    int since_damage = 10;
    for (int id = 1; id <= 60; ++id) {
      const auto fields = good_row(shape, id, random);
      if (since_damage >= 3 && random.below(20) == 0) {
        bytes += broken_behind(fields, random) + '\n';
        since_damage = 0;
        well_quoted.insert(id);
        continue;
      }
      if (since_damage >= 3 && random.below(5) == 0) {
        const auto kind = static_cast<damage_kind>(random.below(damage_kinds));
        if (const auto damaged = damage_row(kind, shape, fields, random)) {
          bytes += *damaged + '\n';
          since_damage = 0;
          if (leaves_quotes(kind)) well_quoted.insert(id);
          continue;
        }
      }
      if (++since_damage > 2) {
        expected[id] = fields;
        well_quoted.insert(id);
      }
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
      INFO("row " << id << " of\n" << bytes);
      REQUIRE_FALSE(well_quoted.contains(id - quoted_rows));
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
