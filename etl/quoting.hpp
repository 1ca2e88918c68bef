// Quotes, as they should be and as they are.
#pragma once

#include "etl/dialect.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

/// How a field stood in the file, and so how its text is decoded.
enum class quoting : std::uint8_t {
  bare,
  quoted,      // "text"
  doubled,     // "a ""text"""
  escaped,     // "a \"text\"" in a dialect that says so
  loose,       // "a "text" with quotes that nobody escaped"
  backslash,   // "a \"text\"" in a dialect that does not
  apostrophe,  // 'text' in a dialect that quotes otherwise
};

/// One field: bytes of the record between its quotes.
struct field {
  std::uint32_t begin;
  std::uint32_t end;
  quoting how;
  bool padded;  // blanks stood outside the quotes
};

/// Splits one record again, where quotes need not be escaped: a quote closes a field only before a delimiter
/// or the end. `how` is loose, backslash or apostrophe. Returns false if a field is not closed.
bool split_again(std::string_view raw, const dialect& written, quoting how, std::vector<field>& fields);

/// A quote that is no half of a pair, and what it may be by what stands beside it. Quotes in a row are one of
/// these if they are odd in number: the first may open a field, the last may close one.
struct lone_quote {
  std::size_t begin;
  std::size_t end;
  bool may_open;   // behind a delimiter
  bool may_close;  // before a delimiter, a line end or the end of the text
};

/// The first one inside quotes that were open at `from`.
std::optional<lone_quote> next_lone_quote(std::string_view text, std::size_t from, const dialect& written);

/// The field's text: its bytes, or these without their escapes, appended to `scratch`, whose capacity must
/// hold them already.
std::string_view decode(std::string_view bytes, const dialect& written, quoting how, std::string& scratch);

/// Columns of one line; 0 if its quotes break the rules.
std::size_t columns_of_line(std::string_view line, const dialect& written);

}  // namespace atelier::etl
