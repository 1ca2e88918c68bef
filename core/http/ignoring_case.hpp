// Names of fields are compared all the time: a word at a time, not a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace atelier::http {

// Every byte of the two words is the same but for the case of letters. Exact for all bytes: two may differ in
// the bit that is a letter's case only where `lower_case` has a letter.
template <class Word>
constexpr bool is_same_word(Word text, Word lower_case) {
  constexpr Word ones = static_cast<Word>(~Word{}) / 0xff;
  const Word seven_bits = lower_case & ones * 0x7f;
  const Word from_a = seven_bits + ones * (0x80 - 'a');
  const Word beyond_z = seven_bits + ones * (0x7f - 'z');
  const Word letters = (from_a ^ beyond_z) & ~lower_case & ones * 0x80;
  return ((text ^ lower_case) & ~(letters >> 2)) == 0;
}

template <class Word>
[[gnu::always_inline]] inline bool is_same_word_at(const char* text, const char* lower_case) {
  Word one;
  Word other;
  std::memcpy(&one, text, sizeof one);
  std::memcpy(&other, lower_case, sizeof other);
  return is_same_word(one, other);
}

/// ASCII without regard to case; `lower_case` is what it says. Inlined, since beside a literal little of it
/// is left.
[[gnu::always_inline]] inline bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  const auto size = text.size();
  if (size != lower_case.size()) return false;
  const auto same = [&]<class Word>(Word, std::size_t at) {
    return is_same_word_at<Word>(text.data() + at, lower_case.data() + at);
  };
  // The last word overlaps the one before.
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8)
      if (!same(std::uint64_t{}, at)) return false;
    return same(std::uint64_t{}, size - 8);
  }
  if (size >= 4) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - 4);
  for (std::size_t at = 0; at < size; ++at)
    if (!same(std::uint8_t{}, at)) return false;
  return true;
}

}  // namespace atelier::http
