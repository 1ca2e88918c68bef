// An answer to GET, ready to be written: the same bytes whether it was kept or has just been made.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <string_view>

namespace atelier::api {

/// One block of memory, its text behind it, as there are hundreds of thousands of them. Of one thread.
class finished_answer : public boost::intrusive_ref_counter<finished_answer, boost::thread_unsafe_counter> {
 public:
  using pointer = boost::intrusive_ptr<const finished_answer>;

  static pointer ok(std::string_view body);

  /// That there is nothing, which is worth knowing too.
  static pointer not_found();

  finished_answer(const finished_answer&) = delete;

  bool exists() const { return size_ > 0; }
  std::string_view etag() const { return text().substr(0, etag_size); }
  std::string_view body() const { return text().substr(etag_size); }

  /// What it takes of the heap.
  std::size_t heap_bytes() const;

  static void operator delete(void* block) { ::operator delete(block); }

 private:
  static constexpr std::size_t etag_size = 34;  // etag_of()

  explicit finished_answer(std::size_t size) : size_(size) {}
  static void* operator new(std::size_t itself, std::size_t text) { return ::operator new(itself + text); }
  static void operator delete(void* block, std::size_t) { ::operator delete(block); }  // of that new

  char* begin() { return reinterpret_cast<char*>(this + 1); }
  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

  std::size_t size_;  // of the text: tag and body; 0: not found
};
using shared_answer = finished_answer::pointer;

}  // namespace atelier::api
