// Writes a head behind what stands in a string. It is put together on the stack, where room costs nothing, by
// plain copies, and handed over whole.
#pragma once

#include "core/http/head.hpp"

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

namespace atelier::lb {

class head_writer {
 public:
  explicit head_writer(std::string& out) : out_(out) {}
  ~head_writer() { hand_over(); }
  head_writer(const head_writer&) = delete;
  head_writer& operator=(const head_writer&) = delete;

  std::size_t size() const { return out_.size() + held_; }

  template <class... Text>
  void put(const Text&... text) {
    (one(text), ...);
  }

  void number(std::uint64_t value) {
    char digits[20];
    one(std::string_view(digits, std::to_chars(digits, digits + sizeof digits, value).ptr));
  }

  /// As it was parsed: usually it stood as it is to be written, and is one copy.
  void field(const http::field& f) {
    const char* const start = f.name.data();
    const auto value_at = f.name.size() + 2;
    const char* const behind = f.value.data() + f.value.size();
    if (f.value.data() == start + value_at && start[value_at - 1] == ' ' && behind[0] == '\r' &&
        behind[1] == '\n')
      one(std::string_view(start, value_at + f.value.size() + 2));
    else
      put(f.name, ": ", f.value, "\r\n");
  }

 private:
  template <std::size_t N>
  [[gnu::always_inline]] void one(const char (&literal)[N]) {
    copy(literal, N - 1);
  }
  [[gnu::always_inline]] void one(std::string_view text) { copy(text.data(), text.size()); }

  [[gnu::always_inline]] void copy(const char* from, std::size_t n) {
    if (n == 0) return;  // an empty view may point nowhere, which memcpy does not allow
    if (n > sizeof room_ - held_) return hand_over(from, n);
    std::memcpy(room_ + held_, from, n);
    held_ += n;
  }

  void hand_over() { out_.append(room_, held_); }

  [[gnu::noinline]] void hand_over(const char* more, std::size_t n) {
    hand_over();
    held_ = 0;
    out_.append(more, n);
  }

  std::string& out_;
  char room_[2048];  // for most heads
  std::size_t held_ = 0;
};

}  // namespace atelier::lb
