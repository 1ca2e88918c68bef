#include "app/api/finished_answer.hpp"

#include "app/api/etag.hpp"

#include <algorithm>
#include <new>
#include <type_traits>

namespace atelier::api {

boost::intrusive_ptr<finished_answer> finished_answer::make(std::size_t size) {
  static_assert(std::is_trivially_destructible_v<finished_answer>);  // its block is all there is to give back
  return new (::operator new(sizeof(finished_answer) + size)) finished_answer(size);
}

shared_answer finished_answer::ok(std::string_view body) {
  auto made = make(etag_size + body.size());
  const auto tag = etag_of(body);
  std::copy(body.begin(), body.end(), std::copy(tag.begin(), tag.end(), made->begin()));
  return made;
}

std::size_t finished_answer::heap_bytes() const {
  // What glibc's malloc takes: its own eight, in steps of sixteen, at least 32 (malloc.c, "Minimum allocated
  // size").
  return std::max<std::size_t>(32, (sizeof(*this) + size_ + 8 + 15) / 16 * 16);
}

}  // namespace atelier::api
