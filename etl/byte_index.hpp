// Where the bytes stand that mean something, found 64 at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace atelier::etl {

/// Positions of four given bytes in a growing buffer, and which blocks of it are plain: ASCII without NUL.
/// What was indexed is forgotten when the buffer's bytes move.
class byte_index {
 public:
  static constexpr std::size_t block_bytes = 64;
  static constexpr std::size_t window_bytes =
      16 << 10;  // indexed at a time, so that the positions stay in the cache

  /// `wanted` may name a byte twice. The buffer must be readable for a block behind its end.
  byte_index(std::array<char, 4> wanted, std::size_t buffer_bytes)
      : wanted_(wanted),
        positions_(new std::uint32_t[positions_max]),
        plain_(buffer_bytes / block_bytes + 2) {}

  /// Begins anew at a position of the buffer.
  void restart(std::size_t at) {
    indexed_ = at;
    next_ = found_ = 0;
    plain_[at / block_bytes] = 1;
  }

  /// Indexes the next window of what is filled; false if all of it is, or if too many positions wait to be
  /// passed.
  bool more(const char* buffer, std::size_t filled);

  /// The positions found and not yet passed, ascending.
  std::span<const std::uint32_t> ahead() const { return {positions_.get() + next_, found_ - next_}; }
  void pass(std::size_t positions) { next_ += positions; }
  /// Passes all before this byte.
  void pass_to(std::size_t at) {
    while (next_ < found_ && positions_[next_] < at) ++next_;
  }
  std::size_t indexed() const { return indexed_; }

  /// True if all bytes of the range, which was indexed, are ASCII and not NUL. May be false for such a range
  /// beside others.
  bool is_plain(std::size_t from, std::size_t to) const {
    for (auto block = from / block_bytes; block * block_bytes < to; ++block)
      if (!plain_[block]) return false;
    return true;
  }

 private:
  std::array<char, 4> wanted_;
  static constexpr std::size_t positions_max = 4 * window_bytes;

  std::unique_ptr<std::uint32_t[]> positions_;
  std::size_t next_ = 0;   // of the positions, the first that was not passed
  std::size_t found_ = 0;  // how many there are
  std::size_t indexed_ = 0;
  std::vector<std::uint8_t> plain_;  // a block each
};

}  // namespace atelier::etl
