// What is still to be sent to a client, and how much of it a server may hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace atelier::http {

/// An answer with so many bytes or more is sent from where it lies, if somebody keeps it there; and where it
/// may have to wait for its client it needs room (responder::has_room).
inline constexpr std::size_t large_bytes = 64 * 1024;

/// Answers on their way to one client: text, and behind it perhaps a body that others may hold too.
class unsent {
 public:
  std::string text;  // appended to, as long as no body ends it

  /// What keeps a body where it lies.
  using keeper = std::shared_ptr<const void>;

  void end_with(std::string_view body, keeper keeps) {
    body_ = body;
    keeps_ = std::move(keeps);
  }
  std::string_view body() const { return body_; }

  std::size_t size() const { return text.size() + body_.size(); }
  bool empty() const { return size() == 0; }
  void clear();

  /// Sends as much as the kernel takes, and counts it. True: that was all, and this is empty. False: errno
  /// says why not.
  bool send_to(int socket, std::uint64_t& sent_bytes);

 private:
  std::ptrdiff_t send_both(int socket) const;

  std::string_view body_;
  keeper keeps_;
  std::size_t sent_ = 0;  // of both
};

/// Bytes that a server holds for clients who have not taken them yet. Of one thread.
class unsent_budget {
 public:
  explicit unsent_budget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::size_t held() const { return held_; }
  std::size_t bytes_max() const { return bytes_max_; }
  bool has_room(std::size_t bytes) const { return held_ < bytes_max_ && bytes <= bytes_max_ - held_; }

  /// What is held for one client, as long as this lives.
  class share {
   public:
    explicit share(unsent_budget& of) : of_(of) {}
    share(const share&) = delete;
    ~share();

    /// The client takes no more for now: from here on `what` is held for it, with the `bytes_beside` that its
    /// connection needs meanwhile. False: as much is held as may be. What was asked once is not asked again.
    bool holds(const unsent& what, std::size_t bytes_beside);

   private:
    unsent_budget& of_;
    std::size_t bytes_ = 0;         // 0: nothing yet
    const char* shared_ = nullptr;  // where the body lies that is held with others
  };

 private:
  void hold(std::string_view body);
  void let_go(const char* body);

  struct shared_body {
    std::size_t bytes = 0;
    std::size_t holders = 0;
  };

  std::size_t bytes_max_;
  std::size_t held_ = 0;
  std::unordered_map<const char*, shared_body> shared_;  // each counts once, however many wait with it
};

}  // namespace atelier::http
