// Server-sent events (WHATWG HTML, section 9.2): one who publishes, a bounded number who listen.
#pragma once

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace atelier::http {

/// Hands each event to everyone who listens. Made for snapshots: a listener holds at most one event, the
/// newest that it could not send yet, so one that reads slowly skips what is old already. On one thread;
/// outlives its listeners.
class event_feed {
 public:
  /// The bytes of one or more events, shared by all who send them.
  using event = std::shared_ptr<const std::string>;

  class listener
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    listener() = default;
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    virtual ~listener() = default;

    event newest;  // null: nothing that it has not taken

    /// There is something newest, or the feed ended. Must not destroy or unlink: wake up.
    virtual void wake() noexcept = 0;
  };

  explicit event_feed(std::size_t listeners_max) : listeners_max_(listeners_max) {}

  /// False: there are as many as there may be, or the feed has ended.
  bool has_room() const { return !ended_ && all_.size() < listeners_max_; }
  bool is_heard() const { return !all_.empty(); }
  bool has_ended() const { return ended_; }
  std::size_t listeners() const { return all_.size(); }

  void add(listener& one) { all_.push_back(one); }

  void publish(std::string bytes) {
    const auto shared = std::make_shared<const std::string>(std::move(bytes));
    for (auto& one : all_) {
      one.newest = shared;
      one.wake();
    }
  }

  /// Every listener is sent away, and nobody may listen any more.
  void end() {
    ended_ = true;
    for (auto& one : all_) one.wake();
  }

 private:
  boost::intrusive::list<listener, boost::intrusive::constant_time_size<false>> all_;
  std::size_t listeners_max_;
  bool ended_ = false;
};

/// One event as its bytes: `data` without a line break; an empty name is what a browser calls "message".
inline std::string format_event(std::string_view name, std::string_view data) {
  std::string out;
  out.reserve(name.size() + data.size() + 16);
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  return out.append("data: ").append(data).append("\n\n");
}

inline constexpr std::string_view events_type = "text/event-stream";

}  // namespace atelier::http
