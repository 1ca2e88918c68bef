// Where fields end: the delimiters and line ends outside quotes, found 64 bytes at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace atelier::etl {

/// A bit for each byte of a buffer, set where a field ends, if the quotes before it are taken in pairs from
/// where the index began; and of each block of 64 bytes what else a reader has to know of it. The buffer is
/// indexed a window at a time, shortly before it is read.
///
/// Whether a byte is inside quotes is the parity of the quotes up to it, a prefix XOR: after Langdale and
/// Lemire, "Parsing gigabytes of JSON per second" (2019), with shifts for the carry-less product.
class field_ends {
 public:
  static constexpr std::size_t block_bytes = 64;
  static constexpr std::size_t window_bytes = 8 << 10;  // stays in the cache while its records are taken

  /// What a block may hold besides; of a block, so that it may be said of bytes that stand beside such.
  enum sight : std::uint8_t {
    strange = 1,      // a byte that is NUL or not ASCII
    odd_quote = 2,    // a quote that neither begins nor ends a field: doubled, or against the rules
    line_inside = 4,  // a line end inside quotes
  };

  /// `quote` counts only if `has_quote`. The buffer must be readable for a block behind its end.
  field_ends(char delimiter, char quote, bool has_quote, std::size_t buffer_bytes)
      : delimiter_(delimiter),
        quote_(quote),
        quotes_wanted_(has_quote ? ~std::uint64_t{0} : 0),
        blocks_(new block[buffer_bytes / block_bytes + 1]) {}

  /// Begins anew where a record begins. To be called when the buffer's bytes have moved or become more.
  void restart(std::size_t at) {
    origin_ = indexed_ = at;
    inside_ = 0;
    behind_end_ = 1;
    behind_close_ = 0;
  }

  /// True if a record that begins here does so for the index too: a field ends right before.
  bool agrees(std::size_t at) const {
    if (at == origin_) return true;
    return at > origin_ && at <= indexed_ &&
           (of(at - 1).ends >> ((at - 1 - origin_) % block_bytes) & 1U) != 0;
  }

  /// Goes from end to end.
  class walk {
   public:
    /// From a byte with which the index agrees.
    walk(field_ends& in, std::size_t from, const char* buffer, std::size_t filled)
        : in_(in), buffer_(buffer), filled_(filled), block_at_(from - (from - in.origin_) % block_bytes) {
      if (from < in.indexed_ || in.more(buffer, filled))
        left_ = in.of(from).ends & ~std::uint64_t{0} << (from - block_at_);
    }
    /// Where the next field ends; false if none does in what is filled.
    bool next(std::size_t& at) {
      while (left_ == 0) {
        block_at_ += block_bytes;
        if (block_at_ >= in_.indexed_ && !in_.more(buffer_, filled_)) return false;
        left_ = in_.of(block_at_).ends;
      }
      at = block_at_ + static_cast<unsigned>(std::countr_zero(left_));
      left_ &= left_ - 1;
      return true;
    }

   private:
    field_ends& in_;
    const char* buffer_;
    std::size_t filled_;
    std::size_t block_at_;
    std::uint64_t left_ = 0;
  };

  /// All sights of the blocks that the range lies in; it is not empty, and indexed.
  std::uint8_t seen_in(std::size_t from, std::size_t to) const {
    std::uint8_t all = 0;
    for (auto* b = &of(from); b <= &of(to - 1); ++b) all |= b->sights;
    return all;
  }

 private:
  struct block {
    std::uint64_t ends;
    std::uint8_t sights;
  };
  block& of(std::size_t at) { return blocks_[(at - origin_) / block_bytes]; }
  const block& of(std::size_t at) const { return blocks_[(at - origin_) / block_bytes]; }

  /// Indexes the next window; false if all that is filled is.
  bool more(const char* buffer, std::size_t filled);

  char delimiter_;
  char quote_;
  std::uint64_t quotes_wanted_;
  std::unique_ptr<block[]> blocks_;  // from origin_
  std::size_t origin_ = 0;
  std::size_t indexed_ = 0;
  // What is known of the byte before indexed_:
  std::uint64_t inside_ = 0;        // all ones: inside quotes
  std::uint64_t behind_end_ = 1;    // a field ended with it
  std::uint64_t behind_close_ = 0;  // it was a closing quote
};

}  // namespace atelier::etl
