// Bytes on their way in, and a pool of reusable things: a connection that waits owns none.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace atelier {

/// A growable run of bytes: appended at the back by the socket, consumed at the front by the parser.
/// `front_bytes` is room that is left before the first, for what prepend() puts there.
class buffer {
 public:
  explicit buffer(std::size_t capacity, std::size_t front_bytes = 0)
      : bytes_(new char[front_bytes + capacity]), capacity_(front_bytes + capacity), front_(front_bytes) {
    clear();
  }

  std::string_view readable() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t capacity() const { return capacity_; }

  char* data() { return bytes_.get() + begin_; }  // of the readable bytes, to be changed in place
  char* space() { return bytes_.get() + end_; }
  std::size_t space_bytes() const { return capacity_ - end_; }

  void commit(std::size_t n) { end_ += n; }
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) clear();
  }
  /// Forgets what stands behind the first n readable bytes.
  void truncate(std::size_t n) { end_ = begin_ + n; }
  void clear() { begin_ = end_ = front_; }

  /// Puts text before the readable bytes. False: there is not the room.
  bool prepend(std::string_view text) {
    if (text.size() > begin_) return false;
    begin_ -= text.size();
    text.copy(data(), text.size());
    return true;
  }

  /// Makes room for n readable bytes in all, by moving or growing. Views into the buffer end here.
  void reserve(std::size_t n);

  /// Gives memory back beyond what n readable bytes need, if there are no more. Views into the buffer end
  /// here.
  void shrink(std::size_t n);

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t front_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Objects in stock, the last returned the next given out (its memory is still in the processor's cache).
/// T has `bool worth_keeping()`, which also empties it.
template <class T>
class stock {
 public:
  explicit stock(std::size_t kept_max) : kept_max_(kept_max) {}

  std::unique_ptr<T> take() {
    if (kept_.empty()) return std::make_unique<T>();
    auto one = std::move(kept_.back());
    kept_.pop_back();
    return one;
  }

  void give_back(std::unique_ptr<T> one) {
    if (one && kept_.size() < kept_max_ && one->worth_keeping()) kept_.push_back(std::move(one));
  }

 private:
  std::vector<std::unique_ptr<T>> kept_;
  std::size_t kept_max_;
};

}  // namespace atelier
