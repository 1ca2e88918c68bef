#include "lb/sockets.hpp"

#include "core/log.hpp"

#include <unistd.h>

#include <algorithm>

namespace atelier::lb {

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
  for (const auto& one : handed_) of_systemd_.push_back(one.name);
}

void listening_sockets::leave_behind(const tcp_acceptor& one) {
  if (const auto where = parse_address(bound_address(one))) left_behind_.push_back(*where);
}

result<tcp_acceptor> listening_sockets::listener(std::string_view name, const address& where,
                                                 const listen_options& options) {
  const auto mine =
      std::find_if(handed_.begin(), handed_.end(), [&](const auto& s) { return s.name == name; });
  if (mine == handed_.end()) return listen_on(loop_, where, options);
  const int descriptor = mine->descriptor;
  handed_.erase(mine);
  auto adopted = adopt_listener(loop_, descriptor);
  if (!adopted) return adopted;
  if (former_ && !is_bound_to(*adopted, where)) {
    leave_behind(*adopted);
    return listen_on(loop_, where, options);
  }
  log::info("listening on an inherited socket {}={}", name, bound_address(*adopted));
  return adopted;
}

void listening_sockets::close_unused() {
  for (const auto& unused : handed_) {
    if (!former_)
      ::close(unused.descriptor);
    else if (const auto closed_here = adopt_listener(loop_, unused.descriptor))
      leave_behind(*closed_here);
  }
  handed_.clear();
}

bool listening_sockets::owns(std::string_view name) const {
  return !former_ && std::find(of_systemd_.begin(), of_systemd_.end(), name) == of_systemd_.end();
}

void listening_sockets::say_ready() {
  former_->say_ready();
  former_.reset();
  for (const auto& where : left_behind_) remove_file_of(where);
}

}  // namespace atelier::lb
