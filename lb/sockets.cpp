#include "lb/sockets.hpp"

#include "core/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace atelier::lb {

listening_sockets::~listening_sockets() {
  for (const auto& unused : handed_) ::close(unused.descriptor);
}

result<> listening_sockets::take_over(const std::string& control) {
  auto former = takeover::from(control);
  if (!former) return former.error();
  former_ = std::move(*former);
  if (former_)
    handed_ = former_->sockets;
  else
    log::info("there is nobody to take over from control={}", control);
  return {};
}

void listening_sockets::inherit() {
  handed_ = inherited_sockets();
  const auto first =
      std::find_if(handed_.begin(), handed_.end(), [](const auto& s) { return s.name != "admin"; });
  if (first != handed_.end()) first->name = "listen";  // whatever its unit calls it
}

int listening_sockets::take_handed(std::string_view name) {
  const auto mine =
      std::find_if(handed_.begin(), handed_.end(), [&](const auto& s) { return s.name == name; });
  if (mine == handed_.end()) return -1;
  const int descriptor = mine->descriptor;
  handed_.erase(mine);
  return descriptor;
}

void listening_sockets::leave_behind(const tcp_acceptor& one) {
  if (const auto where = parse_address(bound_address(one)); where && where->is_path())
    left_behind_.emplace_back(where->path);
}

result<tcp_acceptor> listening_sockets::listener(std::string_view name, const address& where,
                                                 const listen_options& options) {
  if (const int handed = take_handed(name); handed >= 0) {
    auto adopted = adopt_listener(loop_, handed);
    if (!adopted) return adopted;
    if (!former_ || is_bound_to(*adopted, where)) {
      log::info("listening on an inherited socket {}={}", name, bound_address(*adopted));
      if (former_ && where.is_path()) of_former_.push_back({std::string(name), socket_file(where.path)});
      return adopted;
    }
    leave_behind(*adopted);
  }
  auto made = listen_on(loop_, where, options);
  if (made && where.is_path()) ours_.push_back({std::string(name), socket_file(where.path)});
  return made;
}

result<tcp_acceptor> listening_sockets::private_listener(std::string_view name, const std::string& path) {
  if (const int handed = former_ ? take_handed(name) : -1; handed >= 0) {
    of_former_.push_back({std::string(name), socket_file(path)});
    return adopt_listener(loop_, handed);
  }
  auto made = listen_on_path(loop_, path);
  if (made) ours_.push_back({std::string(name), socket_file(path)});
  return made;
}

void listening_sockets::close_unused() {
  for (const auto& unused : std::exchange(handed_, {})) {
    if (!former_) {
      log::warning(
          "the inherited socket '{}' is not used: give --admin with the one named admin, and one other for "
          "clients",
          unused.name);
      ::close(unused.descriptor);
    } else if (const auto closed_here = adopt_listener(loop_, unused.descriptor)) {
      leave_behind(*closed_here);
    }
  }
}

void listening_sockets::say_ready() {
  former_->say_ready();
  former_.reset();
  std::move(of_former_.begin(), of_former_.end(), std::back_inserter(ours_));
  of_former_.clear();
  for (const auto& file : left_behind_) file.remove();
}

void listening_sockets::remove_file(std::string_view name) {
  std::erase_if(ours_, [&](const named_file& one) {
    if (one.name == name) one.file.remove();
    return one.name == name;
  });
}

}  // namespace atelier::lb
