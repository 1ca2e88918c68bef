#include "etl/encoding.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

namespace atelier::etl {
namespace {

constexpr std::size_t chunk_bytes = 64 << 10;
constexpr std::size_t look_bytes = 1 << 20;  // from the first byte on that is not ASCII, that tell what it is
constexpr std::size_t unlikely_per_likely = 3;  // weighs a byte that no text has where it stands

// Windows-1252 where it differs from Latin-1; what it leaves open stays a control character (WHATWG Encoding,
// 2023).
constexpr std::array<std::uint16_t, 32> windows_80_9f{
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

constexpr bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_small(unsigned char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_beside_word(unsigned char c) {
  return std::string_view(" \t\n\r\"'(),.:;!?|").find(static_cast<char>(c)) != std::string_view::npos;
}
constexpr bool continues(unsigned char c) { return (c & 0xC0) == 0x80; }

// Bytes of the UTF-8 character that begins here; 0 if none does, also where the text ends before it does.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  const std::size_t length = c >= 0xF0 && c <= 0xF4 ? 4 : c >= 0xE0 ? (c < 0xF0 ? 3 : 0) : c >= 0xC2 ? 2 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!continues(static_cast<unsigned char>(text[at + i]))) return 0;
  return length;
}

// A byte that is likely where it stands if the text is Windows-1252.
bool is_likely_windows(unsigned char before, unsigned char c, unsigned char behind) {
  if (c == 0x81 || c == 0x8D || c == 0x8F || c == 0x90 || c == 0x9D || c == 0xFE || c == 0xFF) return false;
  if (c < 0xC0 || c == 0xD7 || c == 0xF7) return true;  // signs, quotes, dashes
  const bool is_capital = c < 0xDF;
  if (is_capital && is_small(before)) return false;
  if (is_beside_word(before) && is_beside_word(behind)) return true;  // a word of one letter, as in c'è
  return is_letter(before) || is_letter(behind) || before >= 0xC0 || behind >= 0xC0;
}

// Without a branch in the loop, so that it is done many bytes at a time: whole files may be looked at.
bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

encoding utf16_without_mark(std::string_view text) {
  std::size_t even = 0, odd = 0;
  const std::size_t seen = std::min<std::size_t>(text.size(), 4096) & ~std::size_t{1};
  for (std::size_t i = 0; i < seen; ++i)
    if (text[i] == '\0') ++(i % 2 ? odd : even);
  if (seen < 8) return encoding::utf8;
  if (odd > seen / 4 && even < seen / 50) return encoding::utf16_le;
  if (even > seen / 4 && odd < seen / 50) return encoding::utf16_be;
  return encoding::utf8;
}

}  // namespace

std::optional<encoding> encoding_of_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_' && c != ' ') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (plain == "utf8" || plain == "utf8sig" || plain == "ascii" || plain == "usascii") return encoding::utf8;
  if (plain == "utf16" || plain == "utf16le" || plain == "ucs2") return encoding::utf16_le;
  if (plain == "utf16be") return encoding::utf16_be;
  if (plain == "latin1" || plain == "iso88591" || plain == "l1" || plain == "windows1252" ||
      plain == "cp1252")
    return encoding::windows_1252;
  return std::nullopt;
}

std::string_view name_of(encoding which) {
  switch (which) {
    case encoding::utf16_le:
      return "utf-16le";
    case encoding::utf16_be:
      return "utf-16be";
    case encoding::windows_1252:
      return "windows-1252";
    case encoding::utf8:
    case encoding::ascii:
      break;
  }
  return "utf-8";
}

encoding by_mark(encoding which, std::string_view beginning) {
  if (!is_utf16(which)) return which;
  if (beginning.starts_with("\xff\xfe")) return encoding::utf16_le;
  if (beginning.starts_with("\xfe\xff")) return encoding::utf16_be;
  return which;
}

encoding detect_encoding(std::string_view text, bool is_cut) {
  if (text.starts_with("\xff\xfe")) return encoding::utf16_le;
  if (text.starts_with("\xfe\xff")) return encoding::utf16_be;
  if (const auto wide = utf16_without_mark(text); wide != encoding::utf8) return wide;
  if (is_cut && is_ascii(text)) return encoding::ascii;
  if (simdjson::validate_utf8(text)) return encoding::utf8;  // most are, and it is quick
  // Rows with such bytes, of all rows; a single one is damage.
  std::size_t lines = 0, strange_lines = 0, likely = 0, unlikely = 0;
  bool line_is_strange = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      if (utf8_length(text, i) > 0) return encoding::utf8;
      if (is_cut && text.size() - i < 4) break;  // the rest of a character may follow
      const auto before = i > 0 ? static_cast<unsigned char>(text[i - 1]) : '\n';
      const auto behind = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : '\n';
      ++(is_likely_windows(before, c, behind) ? likely : unlikely);
      line_is_strange = true;
    }
    if (c == '\n' || i + 1 == text.size()) {
      ++lines;
      strange_lines += line_is_strange;
      line_is_strange = false;
    }
  }
  if (unlikely * unlikely_per_likely > likely) return encoding::utf8;
  return strange_lines >= 3 || (strange_lines > 0 && 2 * strange_lines >= lines) ? encoding::windows_1252
                                                                                 : encoding::utf8;
}

std::size_t make_utf8(std::string& text) {
  if (simdjson::validate_utf8(text)) return 0;
  std::string made;
  std::size_t replaced = 0;
  for (std::size_t i = 0; i < text.size();) {
    const bool is_ascii = static_cast<unsigned char>(text[i]) < 0x80;
    const auto length = is_ascii ? 1 : std::max<std::size_t>(1, utf8_length(text, i));
    if (is_ascii || simdjson::validate_utf8(text.data() + i, length)) {
      made.append(text, i, length);
    } else {
      made += "\xef\xbf\xbd";
      ++replaced;
    }
    i += length;
  }
  text = std::move(made);
  return replaced;
}

std::size_t stored_bytes(std::string_view utf8, encoding which) {
  if (is_utf8(which)) return utf8.size();
  std::size_t characters = 0, beyond = 0;
  for (const char c : utf8) {
    characters += !continues(static_cast<unsigned char>(c));
    beyond += static_cast<unsigned char>(c) >= 0xF0;
  }
  return which == encoding::windows_1252 ? characters : 2 * (characters + beyond);
}

void recoded_source::put(std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { ready_ += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

void recoded_source::take(std::string_view bytes) {
  if (which_ == encoding::windows_1252) {
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      put(byte >= 0x80 && byte < 0xA0 ? windows_80_9f[byte - 0x80U] : byte);
    }
    return;
  }
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const std::uint32_t first = static_cast<unsigned char>(bytes[i]),
                        second = static_cast<unsigned char>(bytes[i + 1]);
    const std::uint32_t unit = which_ == encoding::utf16_le ? second << 8 | first : first << 8 | second;
    const bool is_second_half = unit >= 0xDC00 && unit < 0xE000;
    if (half_ != 0 && is_second_half) {
      put(0x10000 + ((half_ - 0xD800) << 10) + (unit - 0xDC00));
      half_ = 0;
      continue;
    }
    if (half_ != 0) put(half_);
    half_ = unit >= 0xD800 && unit < 0xDC00 ? unit : 0;
    if (half_ == 0) put(unit);
  }
}

result<std::size_t> recoded_source::read_ascii(std::span<char> space) {
  auto got = from_.read(space);
  if (!got || is_ascii({space.data(), *got})) return got;
  std::string seen(space.data(), *got);
  seen.resize(*got + look_bytes);
  const auto more = read_fully(from_, std::span(seen).subspan(*got));
  if (!more) return more.error();
  seen.resize(*got + *more);
  if (detect_encoding(seen, *more == look_bytes) == encoding::windows_1252) {
    which_ = encoding::windows_1252;
    take(seen);
  } else {
    which_ = encoding::utf8;
    ready_ = std::move(seen);
  }
  return read(space);
}

result<std::size_t> recoded_source::read(std::span<char> space) {
  if (which_ == encoding::ascii) return read_ascii(space);
  while (taken_ == ready_.size()) {
    if (which_ == encoding::utf8) return from_.read(space);
    ready_.clear();
    taken_ = 0;
    std::string bytes(chunk_bytes, '\0');
    std::copy(rest_.begin(), rest_.end(), bytes.begin());
    const auto got = from_.read(std::span(bytes).subspan(rest_.size()));
    if (!got) return got.error();
    bytes.resize(rest_.size() + *got);
    rest_.clear();
    if (*got == 0) {
      if (half_ != 0 || !bytes.empty()) put(half_ != 0 ? half_ : 0xFFFD);
      half_ = 0;
      if (ready_.empty()) return std::size_t{0};
      break;
    }
    if (which_ != encoding::windows_1252 && bytes.size() % 2) rest_ = bytes.back();
    take(bytes);
  }
  const auto n = std::min(space.size(), ready_.size() - taken_);
  std::copy_n(ready_.data() + taken_, n, space.data());
  taken_ += n;
  return n;
}

}  // namespace atelier::etl
