#include "etl/field_ends.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace atelier::etl {
namespace {

constexpr std::size_t window_blocks = field_ends::window_bytes / field_ends::block_bytes;

// Each bit becomes the parity of itself and all below.
[[gnu::always_inline]] inline std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned by = 1; by < 64; by *= 2) bits ^= bits << by;
  return bits;
}

constexpr unsigned places_at_once = 8;  // most blocks have fewer, and nearly all less than twice as many

// Writes the place of each bit; `at` is that of the lowest. The branches are such as a processor foresees, so
// more may be written than there are: the next block writes over it.
[[gnu::always_inline]] inline void write_places(std::uint64_t bits, std::size_t at, std::uint32_t* out) {
  constexpr auto never_none = std::uint64_t{1} << 63;  // spares the question whether a bit is left
  do {
    for (unsigned i = 0; i < places_at_once; ++i) {
      *out++ = static_cast<std::uint32_t>(at + static_cast<unsigned>(std::countr_zero(bits | never_none)));
      bits &= bits - 1;
    }
  } while (bits != 0);
}

// What a window's blocks have, the first of them at `at`.
struct window {
  std::span<const byte_marks> marks;
  std::size_t at;
  std::uint64_t quotes_wanted;
  bool is_text;
};

// Writes where fields end, and behind sights[0] what has been seen; returns the end of the former.
[[gnu::always_inline]] inline std::uint32_t* find_ends(const window& in, block_edge& edge,
                                                       std::uint64_t* sights, std::uint32_t* out) {
  auto before = edge;
  auto at = in.at;
  for (const auto& m : in.marks) {
    const auto quotes = m.quotes & in.quotes_wanted;
    // From an opening quote to the byte before the closing.
    const auto inside = prefix_xor(quotes) ^ before.inside;
    const auto opening = quotes & inside, closing = quotes & ~inside;
    const auto ends = (m.delimiters | m.lines) & ~inside;
    const auto odd = (opening & ~(ends << 1 | before.end)) | ((closing << 1 | before.close) & ~ends);
    const std::uint64_t is_strange = !in.is_text && (m.has_nul || m.has_high);
    sights[1] = sights[0] + is_strange + (std::uint64_t{odd != 0} << 16) +
                (std::uint64_t{(m.lines & inside) != 0} << 32);
    ++sights;
    write_places(ends, at, out);
    out += std::popcount(ends);
    before = {0 - (inside >> 63), ends >> 63, closing >> 63};
    at += field_ends::block_bytes;
  }
  edge = before;
  return out;
}

std::uint32_t* find_ends_anywhere(const window& in, block_edge& edge, std::uint64_t* sights,
                                  std::uint32_t* out) {
  return find_ends(in, edge, sights, out);
}

#ifdef __x86_64__
// The same for processors that find, drop and count bits in a step each, as all with AVX2 do.
[[gnu::target("bmi,popcnt")]] std::uint32_t* find_ends_by_bits(const window& in, block_edge& edge,
                                                               std::uint64_t* sights, std::uint32_t* out) {
  return find_ends(in, edge, sights, out);
}

const auto find_ends_here = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt")
                                ? find_ends_by_bits
                                : find_ends_anywhere;
#else
constexpr auto find_ends_here = find_ends_anywhere;
#endif

}  // namespace

field_ends::field_ends(char delimiter, char quote, bool has_quote, std::size_t buffer_bytes)
    : mark_(ways_to_mark().front()),
      delimiter_(delimiter),
      quote_(quote),
      quotes_wanted_(has_quote ? ~std::uint64_t{0} : 0),
      marks_(new byte_marks[window_blocks]),
      ends_(new std::uint32_t[buffer_bytes + places_at_once]),
      sights_(new std::uint64_t[buffer_bytes / block_bytes + 2]) {
  restart(0);
}

void field_ends::restart(std::size_t at) {
  origin_ = indexed_ = at;
  found_ = next_ = 0;
  sights_[0] = 0;
  before_ = {};
}

// False if all that is filled is indexed already.
bool field_ends::index_window(const char* buffer, std::size_t filled) {
  if (indexed_ >= filled) return false;
  const auto bytes = std::min(window_bytes, filled - indexed_);
  const auto blocks = (bytes + block_bytes - 1) / block_bytes;
  const std::span<byte_marks> marks(marks_.get(), blocks);
  mark_(buffer + indexed_, blocks, quote_, delimiter_, marks.data());
  if (const auto rest = bytes % block_bytes; rest > 0) {  // behind it stand bytes of no meaning
    const auto valid = (std::uint64_t{1} << rest) - 1;
    marks.back().quotes &= valid;
    marks.back().delimiters &= valid;
    marks.back().lines &= valid;
  }
  bool any_high = false, any_nul = false;
  for (const auto& m : marks) {
    any_high |= m.has_high;
    any_nul |= m.has_nul;
  }
  const bool is_text = !any_nul && (!any_high || simdjson::validate_utf8(buffer + indexed_, bytes));

  auto* const found =
      find_ends_here({marks, indexed_, quotes_wanted_, is_text}, before_,
                     sights_.get() + (indexed_ - origin_) / block_bytes, ends_.get() + found_);
  found_ = static_cast<std::size_t>(found - ends_.get());
  indexed_ += bytes;
  return true;
}

}  // namespace atelier::etl
