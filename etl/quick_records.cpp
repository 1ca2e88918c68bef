// The quick way of the record reader: a record without surprises, from positions found 64 bytes at a time.
#include "etl/record_reader.hpp"

namespace atelier::etl {
namespace {

constexpr std::size_t quick_fields_max = 64;  // of a record that is taken quickly

}  // namespace

// Takes the record at begin_ if it is whole, in the buffer and by the rules. If it is not, nothing has
// happened: the states, which know every rule, read it from its first byte. Both ways must agree; the tests
// compare them.
bool record_reader::take_quickly() {
  if (!index_is_right_ || index_.indexed() < begin_) {
    index_.restart(begin_);
    index_is_right_ = true;
  } else {
    index_.pass_to(begin_);
  }
  const char* const data = buffer_.get();
  const char delimiter = dialect_.delimiter[0], quote = dialect_.quote;
  auto ahead = index_.ahead();
  std::size_t used = 0;
  const auto arrived = [&] {
    while (used >= ahead.size()) {
      if (!index_.more(data, filled_)) return false;
      ahead = index_.ahead();
    }
    return true;
  };
  std::array<field, quick_fields_max> fields;
  std::size_t columns = 0;
  const auto add = [&](std::size_t from, std::size_t to, quoting how) {
    fields[columns++] = {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - begin_),
                         how, false};
  };
  bool many_lines = false;
  std::size_t end = 0;
  for (std::size_t start = begin_;;) {
    if (columns == quick_fields_max || !arrived()) return false;
    const std::size_t at = ahead[used++];
    const char c = data[at];
    if (c == delimiter) {
      add(start, at, quoting::bare);
      start = at + 1;
      continue;
    }
    if (c == '\n' || c == '\r') {
      add(start, at, quoting::bare);
      end = at;
      break;
    }
    if (at != start) return false;
    std::size_t close = 0;
    auto how = quoting::quoted;
    for (;;) {
      if (!arrived()) return false;
      close = ahead[used++];
      if (data[close] != quote) {
        many_lines |= data[close] != delimiter;
        continue;
      }
      if (close + 1 >= filled_) return false;
      if (data[close + 1] != quote) break;
      how = quoting::doubled;
      if (!arrived()) return false;
      ++used;
    }
    const char behind = data[close + 1];
    if (behind != delimiter && behind != '\n' && behind != '\r') return false;
    if (!arrived()) return false;
    ++used;
    add(at + 1, close, how);
    start = close + 2;
    end = close + 1;
    if (behind != delimiter) break;
  }
  if (data[end] == '\r') {
    if (end + 1 >= filled_) return false;
    if (data[end + 1] == '\n') {
      if (!arrived()) return false;
      ++used;
    }
  }
  if (end - begin_ > record_bytes_max) return false;
  record_.is_plain = index_.is_plain(begin_, end);
  index_.pass(used);
  record_.fields.assign(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(columns));
  many_lines_ = many_lines;
  (void)end_record(end, true);
  return true;
}

}  // namespace atelier::etl
