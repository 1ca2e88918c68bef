#include "core/http/unsent.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <iterator>

namespace atelier::http {

void unsent::clear() {
  text.clear();
  sent_ = 0;
  if (body_.empty()) return;
  body_ = {};
  keeps_.reset();
}

bool unsent::send_to(int socket, std::uint64_t& sent_bytes) {
  while (sent_ < size()) {
    const auto n = body_.empty()
                       ? ::send(socket, text.data() + sent_, text.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL)
                       : send_both(socket);
    if (n < 0) return false;
    sent_ += static_cast<std::size_t>(n);
    sent_bytes += static_cast<std::uint64_t>(n);
  }
  clear();
  return true;
}

std::ptrdiff_t unsent::send_both(int socket) const {
  const auto of_text = std::string_view(text).substr(std::min(sent_, text.size()));
  const auto of_body = body_.substr(sent_ + of_text.size() - text.size());
  iovec parts[]{{const_cast<char*>(of_text.data()), of_text.size()},
                {const_cast<char*>(of_body.data()), of_body.size()}};
  msghdr both{};
  both.msg_iov = parts;
  both.msg_iovlen = std::size(parts);
  return ::sendmsg(socket, &both, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool unsent_budget::share::holds(const unsent& what, std::size_t bytes_beside) {
  if (bytes_ > 0) return true;
  if (of_.held_ >= of_.bytes_max_) return false;
  bytes_ = what.text.size() + bytes_beside;
  of_.held_ += bytes_;
  if (what.body().empty()) return true;
  shared_ = what.body().data();
  of_.hold(what.body());
  return true;
}

unsent_budget::share::~share() {
  of_.held_ -= bytes_;
  if (shared_) of_.let_go(shared_);
}

void unsent_budget::hold(std::string_view body) {
  auto& one = shared_[body.data()];
  if (one.holders++ > 0) return;
  one.bytes = body.size();
  held_ += one.bytes;
}

void unsent_budget::let_go(const char* body) {
  const auto found = shared_.find(body);
  if (--found->second.holders > 0) return;
  held_ -= found->second.bytes;
  shared_.erase(found);
}

}  // namespace atelier::http
