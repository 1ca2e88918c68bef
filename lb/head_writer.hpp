// Writes a head behind what stands in a string: room once, then plain copies.
#pragma once

#include "core/http/head.hpp"

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

namespace atelier::lb {

class head_writer {
 public:
  explicit head_writer(std::string& out) : out_(out) {
    const auto size = out.size();
    out.resize(size + usual_bytes);
    at_ = out.data() + size;
    end_ = out.data() + out.size();
  }
  ~head_writer() { out_.resize(size()); }
  head_writer(const head_writer&) = delete;
  head_writer& operator=(const head_writer&) = delete;

  std::size_t size() const { return static_cast<std::size_t>(at_ - out_.data()); }

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
  static constexpr std::size_t usual_bytes = 1536;

  template <std::size_t N>
  [[gnu::always_inline]] void one(const char (&literal)[N]) {
    copy(literal, N - 1);
  }
  [[gnu::always_inline]] void one(std::string_view text) { copy(text.data(), text.size()); }

  [[gnu::always_inline]] void copy(const char* from, std::size_t n) {
    if (n == 0) return;  // an empty view may point nowhere, which memcpy does not allow
    if (n > static_cast<std::size_t>(end_ - at_)) grow(n);
    std::memcpy(at_, from, n);
    at_ += n;
  }

  [[gnu::noinline]] void grow(std::size_t n) {
    const auto held = size();
    out_.resize(held + n + usual_bytes);
    at_ = out_.data() + held;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  char* at_;
  char* end_;
};

}  // namespace atelier::lb
