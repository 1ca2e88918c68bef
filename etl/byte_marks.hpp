// Where certain bytes stand: a bit for each of 64 bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace atelier::etl {

/// What stands in 64 bytes; the lowest bit is the first byte.
struct byte_marks {
  static constexpr std::size_t block_bytes = 64;

  std::uint64_t quotes;
  std::uint64_t delimiters;
  std::uint64_t lines;  // LF, CR
  bool has_nul;
  bool has_high;  // a byte that is not ASCII
};

/// Marks so many blocks, one behind the other.
using mark_bytes = void (*)(const char* bytes, std::size_t blocks, char quote, char delimiter,
                            byte_marks* out);

/// The ways that this processor knows, the fastest first. All say the same; the last is plain C++.
std::span<const mark_bytes> ways_to_mark();

}  // namespace atelier::etl
