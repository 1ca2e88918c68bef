#include "etl/byte_index.hpp"

#include <algorithm>
#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace atelier::etl {
namespace {

struct block_masks {
  std::uint64_t wanted = 0;   // a bit for each byte that is one of the four
  std::uint64_t strange = 0;  // NUL or not ASCII
};

#ifdef __SSE2__
block_masks look_at_block(const char* bytes, std::array<char, 4> wanted) {
  block_masks masks;
  const auto a = _mm_set1_epi8(wanted[0]), b = _mm_set1_epi8(wanted[1]), c = _mm_set1_epi8(wanted[2]),
             d = _mm_set1_epi8(wanted[3]), zero = _mm_setzero_si128();
  for (unsigned part = 0; part < 4; ++part) {
    const auto v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * part));
    const auto hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(v, b)),
                                  _mm_or_si128(_mm_cmpeq_epi8(v, c), _mm_cmpeq_epi8(v, d)));
    const auto odd = _mm_or_si128(v, _mm_cmpeq_epi8(v, zero));
    masks.wanted |= std::uint64_t(static_cast<std::uint32_t>(_mm_movemask_epi8(hit))) << (16 * part);
    masks.strange |= std::uint64_t(static_cast<std::uint32_t>(_mm_movemask_epi8(odd))) << (16 * part);
  }
  return masks;
}
#else
block_masks look_at_block(const char* bytes, std::array<char, 4> wanted) {
  block_masks masks;
  for (unsigned i = 0; i < byte_index::block_bytes; ++i) {
    const char c = bytes[i];
    const bool hit = c == wanted[0] || c == wanted[1] || c == wanted[2] || c == wanted[3];
    masks.wanted |= std::uint64_t{hit} << i;
    masks.strange |= std::uint64_t{c == 0 || (c & 0x80) != 0} << i;
  }
  return masks;
}
#endif

}  // namespace

bool byte_index::more(const char* buffer, std::size_t filled) {
  if (indexed_ >= filled || found_ - next_ + window_bytes > positions_max) return false;
  std::copy(positions_.get() + next_, positions_.get() + found_, positions_.get());
  found_ -= next_;
  next_ = 0;
  const auto end = std::min(filled, indexed_ + window_bytes);
  for (auto block = indexed_ / block_bytes; block * block_bytes < end; ++block) {
    const auto from = block * block_bytes;
    auto masks = look_at_block(buffer + from, wanted_);
    std::uint64_t valid = ~std::uint64_t{0};
    if (from < indexed_) valid &= ~std::uint64_t{0} << (indexed_ - from);
    if (from + block_bytes > end) valid &= ~std::uint64_t{0} >> (from + block_bytes - end);
    plain_[block] = (masks.strange & valid) == 0 && (from >= indexed_ || plain_[block]);
    for (auto hits = masks.wanted & valid; hits != 0; hits &= hits - 1)
      positions_[found_++] = static_cast<std::uint32_t>(from + static_cast<unsigned>(std::countr_zero(hits)));
  }
  indexed_ = end;
  return true;
}

}  // namespace atelier::etl
