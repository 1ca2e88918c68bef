// An answer to GET, ready to be written: the same bytes whether it was kept or has just been made.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstddef>
#include <string_view>

namespace atelier::api {

/// One block of memory, its text behind it, as there are hundreds of thousands of them. Of one thread.
class finished_answer {
 public:
  using pointer = boost::intrusive_ptr<const finished_answer>;

  static pointer ok(std::string_view body);

  /// That there is nothing, which is worth knowing too.
  static pointer not_found() { return make(0); }

  finished_answer(const finished_answer&) = delete;

  bool exists() const { return size_ > 0; }
  std::string_view etag() const { return text().substr(0, etag_size); }
  std::string_view body() const { return text().substr(etag_size); }

  /// What it takes of the heap.
  std::size_t heap_bytes() const;

  friend void intrusive_ptr_add_ref(const finished_answer* one) { ++one->holders_; }
  friend void intrusive_ptr_release(const finished_answer* one) {
    if (--one->holders_ == 0) ::operator delete(const_cast<finished_answer*>(one));
  }

 private:
  static constexpr std::size_t etag_size = 34;  // etag_of()

  explicit finished_answer(std::size_t size) : size_(size) {}
  static boost::intrusive_ptr<finished_answer> make(std::size_t size);

  char* begin() { return reinterpret_cast<char*>(this + 1); }
  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

  mutable std::size_t holders_ = 0;
  std::size_t size_;  // of the text: tag and body; 0: not found
};
using shared_answer = finished_answer::pointer;

}  // namespace atelier::api
