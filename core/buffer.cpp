#include "core/buffer.hpp"

#include <algorithm>

namespace atelier {

void buffer::reserve(std::size_t n) {
  if (capacity_ - begin_ >= n) return;
  const auto held = size();
  if (capacity_ >= n) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
  } else {
    const auto larger = std::max(n, capacity_ * 2);
    std::unique_ptr<char[]> fresh(new char[larger]);
    std::memcpy(fresh.get(), bytes_.get() + begin_, held);
    bytes_ = std::move(fresh);
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = held;
}

}  // namespace atelier
