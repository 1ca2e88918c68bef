// Whether an answer is what the scenario expects.
#pragma once

#include "bench/load/answer_reader.hpp"
#include "bench/load/recorder.hpp"
#include "bench/load/scenario.hpp"

#include <simdjson.h>

#include <array>
#include <span>

namespace atelier::bench {

/// Numbers that were drawn for one request and that its expectation names, in the order of
/// expectation_numbers().
inline constexpr std::size_t remembered_numbers_max = 4;
using remembered_numbers = std::array<std::int64_t, remembered_numbers_max>;

/// The generators whose values an expectation names, each once; parse_scenario() allows no more than
/// remembered_numbers_max.
std::vector<int> expectation_numbers(const expectation& e);

class checker {
 public:
  /// What is wrong with an answer, the worst first. `look_inside`: its body was kept and is looked into.
  fault look_at(const answer_reader& answer, const expectation& e, std::span<const int> names,
                const remembered_numbers& numbers, bool look_inside);

  /// What the last fault was about, for a person: "/results: expected array".
  const std::string& detail() const { return detail_; }

 private:
  bool member_fits(const expectation::member& m, std::span<const int> names,
                   const remembered_numbers& numbers);

  simdjson::dom::parser document_, wanted_;
  simdjson::dom::element root_;
  std::string text_, detail_;
};

}  // namespace atelier::bench
