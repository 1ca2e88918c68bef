// Digits to a number, and words, eight bytes at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace atelier::etl {

/// The number that 1 … 8 digits make; more than any such number if one of them is none. Eight bytes are read,
/// whatever the size. After Lemire, "Quickly parsing eight digits" (2018).
inline std::uint64_t number_of_8(const char* at, std::size_t size) {
  static_assert(std::endian::native == std::endian::little, "the first digit is the lowest byte");
  std::uint64_t digits;
  std::memcpy(&digits, at, 8);
  // What is missing stands before the others, as zeros.
  const auto shift = 8 * (8 - size);
  digits = (digits << shift) ^ (0x3030'3030'3030'3030U << shift);
  if (((digits + 0x0606'0606'0606'0606U) | digits) & 0xF0F0'F0F0'F0F0'F0F0U) return ~std::uint64_t{0};
  digits = digits * 10 + (digits >> 8);  // pairs, in every second byte
  constexpr std::uint64_t pairs = 0x0000'00FF'0000'00FFU;
  return ((digits & pairs) * (100 + (std::uint64_t{1'000'000} << 32)) +
          (digits >> 16 & pairs) * (1 + (std::uint64_t{10'000} << 32))) >>
         32;
}

/// True if the text is this word, of 8 letters at most. Eight bytes behind the text are readable.
template <std::size_t N>
bool is_word_padded(std::string_view text, const char (&word)[N]) {
  constexpr std::size_t size = N - 1;
  static_assert(size <= 8);
  std::uint64_t there, wanted = 0;
  std::memcpy(&there, text.data(), 8);
  std::memcpy(&wanted, word, size);
  return (text.size() == size) & ((there ^ wanted) << (8 * (8 - size)) == 0);
}

/// A number as it should be: 1 … 16 digits, no zero before others; -1 for all that is not. Eight bytes behind
/// the text are readable.
inline std::int64_t plain_number_padded(std::string_view text) {
  if (text.empty() || text.size() > 16 || (text[0] == '0' && text.size() > 1)) return -1;
  constexpr std::uint64_t digits_8 = 100'000'000;
  if (text.size() <= 8) {
    const auto value = number_of_8(text.data(), text.size());
    return value < digits_8 ? static_cast<std::int64_t>(value) : -1;
  }
  const auto high = number_of_8(text.data(), text.size() - 8);
  const auto low = number_of_8(text.data() + text.size() - 8, 8);
  return high < digits_8 && low < digits_8 ? static_cast<std::int64_t>(high * digits_8 + low) : -1;
}

}  // namespace atelier::etl
