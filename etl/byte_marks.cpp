#include "etl/byte_marks.hpp"

#include <array>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace atelier::etl {
namespace {

void mark_one_by_one(const char* bytes, std::size_t blocks, char quote, char delimiter, byte_marks* out) {
  for (std::size_t b = 0; b < blocks; ++b) {
    byte_marks marks{};
    for (unsigned i = 0; i < byte_marks::block_bytes; ++i) {
      const char c = *bytes++;
      marks.quotes |= std::uint64_t{c == quote} << i;
      marks.delimiters |= std::uint64_t{c == delimiter} << i;
      marks.lines |= std::uint64_t{c == '\n' || c == '\r'} << i;
      marks.has_nul |= c == 0;
      marks.has_high |= (c & 0x80) != 0;
    }
    out[b] = marks;
  }
}

#ifdef __x86_64__
// 16 bytes at a time, which every x86-64 can.
void mark_by_16(const char* bytes, std::size_t blocks, char quote, char delimiter, byte_marks* out) {
  const auto q = _mm_set1_epi8(quote), d = _mm_set1_epi8(delimiter), lf = _mm_set1_epi8('\n'),
             cr = _mm_set1_epi8('\r'), nul = _mm_setzero_si128();
  for (std::size_t b = 0; b < blocks; ++b) {
    byte_marks marks{};
    auto least = _mm_set1_epi8(-1), any = nul;
    for (unsigned part = 0; part < 4; ++part, bytes += 16) {
      const auto v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
      const auto bits = [&](__m128i hits) {
        return std::uint64_t(static_cast<std::uint32_t>(_mm_movemask_epi8(hits))) << (16 * part);
      };
      marks.quotes |= bits(_mm_cmpeq_epi8(v, q));
      marks.delimiters |= bits(_mm_cmpeq_epi8(v, d));
      marks.lines |= bits(_mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)));
      least = _mm_min_epu8(least, v);
      any = _mm_or_si128(any, v);
    }
    marks.has_nul = _mm_movemask_epi8(_mm_cmpeq_epi8(least, nul)) != 0;
    marks.has_high = _mm_movemask_epi8(any) != 0;
    out[b] = marks;
  }
}

// 32 bytes at a time, which most can. (A lambda would not be compiled for the same processor.)
__attribute__((target("avx2"))) inline std::uint64_t bits_of(__m256i low, __m256i high) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         std::uint64_t(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

__attribute__((target("avx2"))) void mark_by_32(const char* bytes, std::size_t blocks, char quote,
                                                char delimiter, byte_marks* out) {
  const auto q = _mm256_set1_epi8(quote), d = _mm256_set1_epi8(delimiter), lf = _mm256_set1_epi8('\n'),
             cr = _mm256_set1_epi8('\r'), nul = _mm256_setzero_si256();
  for (std::size_t b = 0; b < blocks; ++b, bytes += byte_marks::block_bytes) {
    const auto v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
    const auto w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
    out[b] = {bits_of(_mm256_cmpeq_epi8(v, q), _mm256_cmpeq_epi8(w, q)),
              bits_of(_mm256_cmpeq_epi8(v, d), _mm256_cmpeq_epi8(w, d)),
              bits_of(_mm256_or_si256(_mm256_cmpeq_epi8(v, lf), _mm256_cmpeq_epi8(v, cr)),
                      _mm256_or_si256(_mm256_cmpeq_epi8(w, lf), _mm256_cmpeq_epi8(w, cr))),
              _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(v, w), nul)) != 0,
              _mm256_movemask_epi8(_mm256_or_si256(v, w)) != 0};
  }
}

constexpr std::array<mark_bytes, 3> all_ways{mark_by_32, mark_by_16, mark_one_by_one};
#else
constexpr std::array<mark_bytes, 1> all_ways{mark_one_by_one};
#endif

}  // namespace

std::span<const mark_bytes> ways_to_mark() {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2")) return std::span(all_ways).subspan(1);
#endif
  return all_ways;
}

}  // namespace atelier::etl
