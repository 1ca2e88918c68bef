#include "bench/load/template.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::bench {
namespace {

int find_generator(std::string_view name, std::span<const generator> generators) {
  const auto found =
      std::find_if(generators.begin(), generators.end(), [&](auto& g) { return g.name == name; });
  return found == generators.end() ? -1 : static_cast<int>(found - generators.begin());
}

}  // namespace

result<text_template> parse_template(std::string_view text, std::span<const generator> generators) {
  text_template all;
  while (!text.empty()) {
    const auto begin = text.find("${");
    if (begin == text.npos) {
      all.pieces.push_back({std::string(text), -1});
      break;
    }
    const auto end = text.find('}', begin);
    if (end == text.npos) return fail("'{}': the hole that begins with ${{ has no }}; write ${{NAME}}", text);
    const auto name = text.substr(begin + 2, end - begin - 2);
    const int hole = find_generator(name, generators);
    if (hole < 0) return fail("'{}': no value is named '{}'; add it to \"values\"", text, name);
    all.pieces.push_back({std::string(text.substr(0, begin)), hole});
    text.remove_prefix(end + 1);
  }
  return all;
}

result<text_template> parse_json_template(std::string_view json, std::span<const generator> generators) {
  std::string bare(json);
  for (const auto& g : generators) {
    if (!g.is_number()) continue;
    const auto hole = "${" + g.name + "}";
    const auto quoted = '"' + hole + '"';
    for (auto at = bare.find(quoted); at != bare.npos; at = bare.find(quoted, at))
      bare.replace(at, quoted.size(), hole);
  }
  return parse_template(bare, generators);
}

drawn_values::drawn_values(std::span<const generator> generators, std::uint64_t seed) : chance_(seed) {
  for (const auto& g : generators) values_.push_back({.from = source(g), .text = {}});
}

void drawn_values::forget() {
  for (auto& v : values_) v.is_drawn = false;
}

std::int64_t drawn_values::number(int generator) {
  auto& v = values_[static_cast<std::size_t>(generator)];
  if (!v.is_drawn) {
    v.number = v.from.number(chance_);
    v.is_drawn = true;
  }
  return v.number;
}

void drawn_values::append(const text_template& text, std::string& out) {
  for (const auto& piece : text.pieces) {
    out += piece.text;
    if (piece.hole < 0) continue;
    auto& v = values_[static_cast<std::size_t>(piece.hole)];
    if (v.from.what().is_number()) {
      char digits[24];
      const auto end = std::to_chars(std::begin(digits), std::end(digits), number(piece.hole)).ptr;
      out.append(digits, end);
    } else {
      if (!v.is_drawn) {
        v.text.clear();
        v.from.append_text(chance_, v.text);
        v.is_drawn = true;
      }
      out += v.text;
    }
  }
}

}  // namespace atelier::bench
