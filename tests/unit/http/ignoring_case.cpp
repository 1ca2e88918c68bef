#include "core/http/ignoring_case.hpp"

#include <catch2/catch.hpp>

#include <string>

using atelier::http::equals_ignoring_case;

namespace {

// As one would write it: a character at a time.
bool is_same(char text, char lower_case) {
  return text == lower_case || (text >= 'A' && text <= 'Z' && text + 0x20 == lower_case);
}

}  // namespace

TEST_CASE(
    "text is compared without regard to the case of letters, and of nothing else, at any length and place") {
  for (const std::size_t size : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24})
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'X');
      std::string lower_case(size, 'x');
      std::size_t wrong = 0;
      for (int one = 0; one < 256; ++one)
        for (int other = 0; other < 256; ++other) {
          if (other >= 'A' && other <= 'Z') continue;  // what we compare with is in lower case
          text[at] = static_cast<char>(one);
          lower_case[at] = static_cast<char>(other);
          wrong += equals_ignoring_case(text, lower_case) != is_same(text[at], lower_case[at]);
        }
      INFO("size " << size << ", place " << at);
      CHECK(wrong == 0);
    }
}

TEST_CASE("texts of different lengths are not the same") {
  CHECK(equals_ignoring_case("", ""));
  CHECK_FALSE(equals_ignoring_case("", "a"));
  CHECK_FALSE(equals_ignoring_case("content-lengt", "content-length"));
  CHECK_FALSE(equals_ignoring_case("content-length", "content-lengt"));
}
