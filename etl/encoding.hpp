// Text in other encodings than UTF-8, made UTF-8 on its way.
#pragma once

#include "etl/source.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::etl {

enum class encoding : std::uint8_t {
  utf8,
  utf16_le,
  utf16_be,
  windows_1252,
  ascii,  // so far: UTF-8 or Windows-1252, as the first other bytes will tell
};

/// utf-8, utf-16, utf-16le, utf-16be, latin1, iso-8859-1, windows-1252, ascii and their like; nothing for
/// others. UTF-16 without an order is little-endian.
std::optional<encoding> encoding_of_name(std::string_view name);
std::string_view name_of(encoding which);
inline bool is_utf8(encoding which) { return which == encoding::utf8 || which == encoding::ascii; }
inline bool is_utf16(encoding which) { return which == encoding::utf16_le || which == encoding::utf16_be; }

/// What a file is that is said to be `which`: of UTF-16, the byte-order mark it begins with tells the order.
encoding by_mark(encoding which, std::string_view beginning);

/// The encoding of a whole file, from its first bytes (as many as one likes to read). UTF-16 by its mark or
/// by its NULs; Windows-1252 (and with it Latin-1) if bytes that are not ASCII are all letters or signs where
/// a text has them, and nowhere UTF-8, in more than a row or two, or in half of them; else UTF-8. `is_cut`:
/// more bytes follow, which will tell if all of these are ASCII.
encoding detect_encoding(std::string_view beginning, bool is_cut = false);

/// Puts U+FFFD in the place of whatever is no UTF-8; returns how often.
std::size_t make_utf8(std::string& text);

/// How many bytes of the file a piece of text took, so that places can be told in the file's own bytes.
std::size_t stored_bytes(std::string_view utf8, encoding which);

/// The text of `from` in UTF-8; `from` is borrowed. Half a pair of UTF-16 becomes what is no UTF-8 either, so
/// that its row is rejected. Of what is ASCII so far, the first megabyte from another byte on tells what it
/// is.
class recoded_source final : public byte_source {
 public:
  recoded_source(byte_source& from, encoding which) : from_(from), which_(which) {}
  result<std::size_t> read(std::span<char> space) override;
  encoding stored_as() const override { return which_; }

 private:
  result<std::size_t> read_ascii(std::span<char> space);
  void take(std::string_view bytes);
  void put(std::uint32_t code);

  byte_source& from_;
  encoding which_;
  std::string ready_;
  std::size_t taken_ = 0;
  std::string rest_;        // half a code unit
  std::uint32_t half_ = 0;  // the first half of a pair
};

}  // namespace atelier::etl
