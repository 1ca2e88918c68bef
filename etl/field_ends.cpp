#include "etl/field_ends.hpp"

#include <algorithm>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace atelier::etl {
namespace {

// A bit for each of 64 bytes.
struct block_masks {
  std::uint64_t quotes = 0;
  std::uint64_t delimiters = 0;
  std::uint64_t lines = 0;
  bool has_strange = false;  // NUL or not ASCII
};

#ifdef __SSE2__
block_masks look_at_block(const char* bytes, char quote, char delimiter) {
  block_masks masks;
  const auto q = _mm_set1_epi8(quote), d = _mm_set1_epi8(delimiter), lf = _mm_set1_epi8('\n'),
             cr = _mm_set1_epi8('\r');
  auto least = _mm_set1_epi8(-1), any = _mm_setzero_si128();
  const auto bits = [](__m128i hits, unsigned part) {
    return std::uint64_t(static_cast<std::uint32_t>(_mm_movemask_epi8(hits))) << (16 * part);
  };
  for (unsigned part = 0; part < 4; ++part) {
    const auto v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * part));
    masks.quotes |= bits(_mm_cmpeq_epi8(v, q), part);
    masks.delimiters |= bits(_mm_cmpeq_epi8(v, d), part);
    masks.lines |= bits(_mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)), part);
    least = _mm_min_epu8(least, v);
    any = _mm_or_si128(any, v);
  }
  masks.has_strange = _mm_movemask_epi8(_mm_or_si128(any, _mm_cmpeq_epi8(least, _mm_setzero_si128()))) != 0;
  return masks;
}
#else
block_masks look_at_block(const char* bytes, char quote, char delimiter) {
  block_masks masks;
  for (unsigned i = 0; i < field_ends::block_bytes; ++i) {
    const char c = bytes[i];
    masks.quotes |= std::uint64_t{c == quote} << i;
    masks.delimiters |= std::uint64_t{c == delimiter} << i;
    masks.lines |= std::uint64_t{c == '\n' || c == '\r'} << i;
    masks.has_strange |= c == 0 || (c & 0x80) != 0;
  }
  return masks;
}
#endif

// Each bit becomes the parity of itself and all below.
std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned by = 1; by < 64; by *= 2) bits ^= bits << by;
  return bits;
}

}  // namespace

bool field_ends::more(const char* buffer, std::size_t filled) {
  if (indexed_ >= filled) return false;
  const auto end = std::min(filled, indexed_ + window_bytes);
  for (; indexed_ < end; indexed_ += block_bytes) {
    auto masks = look_at_block(buffer + indexed_, quote_, delimiter_);
    if (indexed_ + block_bytes > end) {  // behind it stand bytes of no meaning
      const auto valid = ~std::uint64_t{0} >> (indexed_ + block_bytes - end);
      masks.quotes &= valid;
      masks.delimiters &= valid;
      masks.lines &= valid;
    }
    const auto quotes = masks.quotes & quotes_wanted_;
    const auto inside = prefix_xor(quotes) ^ inside_;  // from an opening quote to the byte before the closing
    const auto opening = quotes & inside, closing = quotes & ~inside;
    const auto ends = (masks.delimiters | masks.lines) & ~inside;
    const auto odd = (opening & ~(ends << 1 | behind_end_)) | ((closing << 1 | behind_close_) & ~ends);
    of(indexed_) = {ends,
                    static_cast<std::uint8_t>((masks.has_strange ? strange : 0) | (odd != 0 ? odd_quote : 0) |
                                              ((masks.lines & inside) != 0 ? line_inside : 0))};
    inside_ = 0 - (inside >> 63);
    behind_end_ = ends >> 63;
    behind_close_ = closing >> 63;
  }
  indexed_ = end;
  return true;
}

}  // namespace atelier::etl
