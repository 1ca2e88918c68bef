#include "core/buffer.hpp"

#include <algorithm>
#include <utility>

namespace atelier {

void buffer::reserve(std::size_t n) {
  if (capacity_ - begin_ >= n) return;
  const auto held = size();
  if (capacity_ - front_ >= n) {
    std::memmove(bytes_.get() + front_, data(), held);
  } else {
    const auto larger = front_ + std::max(n, capacity_ * 2);
    std::unique_ptr<char[]> fresh(new char[larger]);
    std::memcpy(fresh.get() + front_, data(), held);
    bytes_ = std::move(fresh);
    capacity_ = larger;
  }
  begin_ = front_;
  end_ = front_ + held;
}

void buffer::shrink(std::size_t n) {
  if (size() > n || capacity_ <= front_ + n) return;
  buffer smaller(n, front_);
  std::memcpy(smaller.data(), data(), size());
  smaller.commit(size());
  *this = std::move(smaller);
}

}  // namespace atelier
