// The characters of HTTP, and a quick way past the plain ones. Private to this folder.
#pragma once

#include <array>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace atelier::http {

// RFC 9110 section 5.6.2: the characters of a token. The others: a target's, and a host's but for its %.
struct character_classes {
  std::array<bool, 256> token{};
  std::array<bool, 256> target{};
  std::array<bool, 256> host{};

  constexpr character_classes() {
    for (unsigned c = 0; c < 256; ++c) {
      const bool digit = c >= '0' && c <= '9';
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      token[c] = digit || letter;
      host[c] = digit || letter;
      target[c] = c > 0x20 && c < 0x7f && c != '#';  // a fragment is never sent (RFC 9112 section 3.2.1)
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) token[static_cast<unsigned char>(c)] = true;
    for (const char c : std::string_view("-._~!$&'()*+,;=")) host[static_cast<unsigned char>(c)] = true;
  }
};
inline constexpr character_classes classes;

inline bool all_in(std::string_view text, const std::array<bool, 256>& allowed) {
  for (const char c : text)
    if (!allowed[static_cast<unsigned char>(c)]) return false;
  return true;
}

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// True for what a field's value may not hold (RFC 9110 section 5.5): control characters other than the tab.
inline bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

/// The first control character, or the end. A value's CR is one: this finds the end of a line and what is
/// wrong in it at once.
inline const char* find_control(const char* at, const char* end) {
#ifdef __SSE2__
  const auto bias = _mm_set1_epi8(-128);  // unsigned bytes compare as signed ones when both are shifted down
  const auto space = _mm_set1_epi8(0x20 - 128);
  const auto tab = _mm_set1_epi8('\t');
  const auto del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto low =
        _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), _mm_cmplt_epi8(_mm_add_epi8(bytes, bias), space));
    const auto found = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, del)));
    if (found != 0) return at + __builtin_ctz(static_cast<unsigned>(found));
  }
#endif
  while (at != end && !is_control(*at)) ++at;
  return at;
}

/// Past the letters, digits and hyphens at the beginning, of which nearly all names of fields are made; it
/// may stop before their end.
inline const char* pass_plain_name(const char* at, const char* end) {
#ifdef __SSE2__
  const auto between = [](__m128i bytes, char low, char high) {
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(low - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(high + 1))));
  };
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    const auto others = _mm_or_si128(between(bytes, '0', '9'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const auto stops = _mm_movemask_epi8(_mm_or_si128(letters, others)) ^ 0xffff;
    if (stops != 0) return at + __builtin_ctz(static_cast<unsigned>(stops));
  }
#else
  static_cast<void>(end);
#endif
  return at;
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls f for each element of a comma-separated list, empty ones left out (RFC 9110 section 5.6.1).
template <class F>
void for_each_element(std::string_view list, F f) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto element = trim(list.substr(0, comma));
    if (!element.empty()) f(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace atelier::http
