// Text with holes: `/reviews/?product_id=${product}`.
#pragma once

#include "bench/load/generators.hpp"
#include "core/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::bench {

/// Text cut at its holes; each names one of the scenario's generators.
struct text_template {
  struct piece {
    std::string text;  // comes before the hole
    int hole = -1;     // index of the generator; −1: nothing follows
  };
  std::vector<piece> pieces;

  bool is_fixed() const { return pieces.empty() || (pieces.size() == 1 && pieces[0].hole < 0); }
};

/// Cuts the text. Errors: a hole that is not closed or names no generator.
result<text_template> parse_template(std::string_view text, std::span<const generator> generators);

/// A JSON text whose strings may be holes: a string that is one hole of numbers and nothing else becomes a
/// number.
result<text_template> parse_json_template(std::string_view json, std::span<const generator> generators);

/// The values of one request: a generator that stands in several holes has one value in all of them.
class drawn_values {
 public:
  drawn_values(std::span<const generator> generators, std::uint64_t seed);

  void forget();  // the next request
  void append(const text_template& text, std::string& out);
  std::int64_t number(int generator);

 private:
  struct value {
    source from;
    std::int64_t number = 0;
    std::string text;
    bool is_drawn = false;
  };
  std::vector<value> values_;
  random_numbers chance_;
};

}  // namespace atelier::bench
