// Where fields end: the delimiters and line ends outside quotes, found 64 bytes at a time.
#pragma once

#include "etl/byte_marks.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace atelier::etl {

/// What is known of the last byte before a block.
struct block_edge {
  std::uint64_t inside = 0;  // all ones: it is inside quotes
  std::uint64_t end = 1;     // a field ended with it
  std::uint64_t close = 0;   // it was a closing quote
};

/// The bytes of a buffer at which a field ends, one behind the other, if the quotes before it are taken in
/// pairs from where the index began; and what else a reader has to know of the bytes between. The buffer is
/// indexed a window at a time, shortly before it is read.
///
/// Whether a byte is inside quotes is the parity of the quotes up to it, a prefix XOR, and bits become places
/// without a branch that depends on the data: after Langdale and Lemire, "Parsing gigabytes of JSON per
/// second" (2019), with shifts for the carry-less product.
class field_ends {
 public:
  static constexpr std::size_t block_bytes = byte_marks::block_bytes;
  static constexpr std::size_t window_bytes = 8 << 10;  // stays in the cache while its records are taken

  /// What else there may be; told of a block of 64 bytes, so that it may be said of bytes beside it.
  enum sight : std::uint64_t {
    strange = 0xFFFF,         // what may be no text: NUL, or a byte that is not ASCII where not all of
                              // the window is UTF-8
    odd_quote = 0xFFFF'0000,  // a quote that neither begins nor ends a field: doubled, or against the rules
    line_inside = 0xFFFF'0000'0000U,  // a line end inside quotes
  };

  /// `quote` counts only if `has_quote`. The buffer must be readable for a block behind its end.
  field_ends(char delimiter, char quote, bool has_quote, std::size_t buffer_bytes);

  /// Begins anew where a record begins. To be called when the buffer's bytes have moved or become more.
  void restart(std::size_t at);

  /// Goes forward to the first end behind a byte where a record begins. False if none does there for the
  /// index: it does not know the byte, or no field ends right before it.
  bool go_to(std::size_t at) {
    if (at < origin_ || at > indexed_) return false;
    while (next_ < found_ && ends_[next_] < at) ++next_;
    return at == origin_ || (next_ > 0 && ends_[next_ - 1] + 1 == at);
  }

  /// The ends from there on: so many at least, if there are so many in what is filled.
  std::span<const std::uint32_t> ahead(std::size_t wanted, const char* buffer, std::size_t filled) {
    while (found_ - next_ < wanted && index_window(buffer, filled)) {
    }
    return {ends_.get() + next_, found_ - next_};
  }

  /// Goes behind so many of them.
  void pass(std::size_t ends) { next_ += ends; }

  /// All sights in the range, as bits of them; it is not empty, and indexed.
  std::uint64_t seen_in(std::size_t from, std::size_t to) const {
    return sights_[(to - 1 - origin_) / block_bytes + 1] - sights_[(from - origin_) / block_bytes];
  }

 private:
  bool index_window(const char* buffer, std::size_t filled);

  mark_bytes mark_;
  char delimiter_;
  char quote_;
  std::uint64_t quotes_wanted_;
  std::unique_ptr<byte_marks[]> marks_;    // of a window
  std::unique_ptr<std::uint32_t[]> ends_;  // in the buffer
  // For each block, how many before it had each sight, counted from origin_: a field of 16 bits a sight.
  std::unique_ptr<std::uint64_t[]> sights_;
  std::size_t origin_ = 0;
  std::size_t indexed_ = 0;
  std::size_t found_ = 0;  // ends
  std::size_t next_ = 0;   // the first of them that is not behind us
  block_edge before_;      // indexed_
};

}  // namespace atelier::etl
