#include "app/api/finished_answer.hpp"

#include "app/api/etag.hpp"

#include <algorithm>

namespace atelier::api {

shared_answer finished_answer::ok(std::string_view body) {
  const auto size = etag_size + body.size();
  auto* made = new (size) finished_answer(size);
  const shared_answer held(made);
  const auto tag = etag_of(body);
  std::copy(body.begin(), body.end(), std::copy(tag.begin(), tag.end(), made->begin()));
  return held;
}

shared_answer finished_answer::not_found() {
  constexpr std::size_t no_text = 0;
  return shared_answer(new (no_text) finished_answer(no_text));
}

std::size_t finished_answer::heap_bytes() const {
  // What glibc's malloc takes: its own eight, in steps of sixteen, at least 32 (malloc.c, "Minimum allocated
  // size").
  return std::max<std::size_t>(32, (sizeof(*this) + size_ + 8 + 15) / 16 * 16);
}

}  // namespace atelier::api
