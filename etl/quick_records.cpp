// The quick way of the record reader: a whole record from where its fields end.
#include "etl/record_reader.hpp"

#include <algorithm>
#include <cstring>

namespace atelier::etl {

// A field that may have a quote within: good if it stands in quotes, and all between these are doubled.
bool record_reader::settle_quotes(field& f) const {
  if (const auto begin = begin_ + f.begin - (f.how == quoting::quoted), end = begin_ + f.end;
      begin >= end || !(ends_.seen_in(begin, end) & field_ends::odd_quote))
    return true;
  const char* at = buffer_.get() + begin_ + f.begin;
  const char* const end = buffer_.get() + begin_ + f.end;
  if (f.how == quoting::quoted && (f.end < f.begin || *end != dialect_.quote)) return false;
  while (at < end) {
    at = static_cast<const char*>(std::memchr(at, dialect_.quote, static_cast<std::size_t>(end - at)));
    if (at == nullptr) break;
    if (f.how == quoting::bare || at + 1 == end || at[1] != dialect_.quote) return false;
    f.how = quoting::doubled;
    at += 2;
  }
  return true;
}

// Takes the record at begin_ if it is whole, in the buffer and by the rules. If it is not, nothing has
// happened: the states, which know every rule, read it from its first byte. Both ways must agree; the tests
// compare them.
bool record_reader::take_quickly() {
  if (!ends_.go_to(begin_)) ends_.restart(begin_);
  const char* const data = buffer_.get();
  const char delimiter = dialect_.delimiter[0];
  const unsigned quote = quick_quote_;
  const std::size_t begin = begin_;
  field* const fields = fields_.data();
  field* next = fields;
  const auto ends = ends_.ahead(quick_fields_max, data, filled_);
  auto ahead = ends.begin();
  const auto last = ahead + static_cast<std::ptrdiff_t>(std::min(ends.size(), quick_fields_max));
  std::size_t end = 0;
  for (std::size_t start = begin;; start = end + 1) {
    if (ahead == last) return false;
    end = *ahead++;
    const bool in_quotes = static_cast<unsigned char>(data[start]) == quote;
    *next++ = {static_cast<std::uint32_t>(start - begin + in_quotes),
               static_cast<std::uint32_t>(end - begin - in_quotes),
               in_quotes ? quoting::quoted : quoting::bare, false};
    if (data[end] != delimiter) break;
  }
  if (end - begin > bytes_max_) return false;
  if (data[end] == '\r' && end + 1 == filled_) return false;  // an LF may follow
  const auto seen = end == begin ? 0 : ends_.seen_in(begin, end);
  if (seen & field_ends::odd_quote)
    for (field* f = fields; f != next; ++f)
      if (!settle_quotes(*f)) return false;
  ends_.pass(static_cast<std::size_t>(next - fields));
  record_.raw = {data + begin, end - begin};
  record_.fields = {fields, next};
  record_.line = line_;
  record_.offset = offset_;
  record_.fault = record_fault::none;
  record_.has_stray_quote = false;
  record_.is_text = (seen & field_ends::strange) == 0;
  line_ += 1 + (seen & field_ends::line_inside ? lines_within(begin, end) : 0);
  advance(end + (data[end] == '\r' && data[end + 1] == '\n' ? 2 : 1));
  at_ = begin_;
  return true;
}

}  // namespace atelier::etl
