#include "support/held_worker.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace atelier::test {

held_worker::held_worker()
    : worker_(answering([this](const std::string& request) { return wait_and_answer(request); })) {}

held_worker::~held_worker() {
  const std::lock_guard lock(mutex_);
  told_ = held_ + 100;  // whatever waits, and may still come
  telling_.notify_all();
}

bool held_worker::holds_one() {
  const std::lock_guard lock(mutex_);
  return held_ > told_;
}

void held_worker::answer() {
  const std::lock_guard lock(mutex_);
  ++told_;
  telling_.notify_all();
}

std::string held_worker::wait_and_answer(const std::string& request) {
  if (request.find("/held") == request.npos) return answer_with("quick");
  std::unique_lock lock(mutex_);
  const int mine = ++held_;
  telling_.wait_for(lock, std::chrono::seconds(60), [&] { return told_ >= mine; });
  return answer_with("late");
}

deaf_port::deaf_port() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  auto* const name = reinterpret_cast<sockaddr*>(&where);
  constexpr int few = 16;
  if (bind(listener_, name, size) != 0 || listen(listener_, few) != 0 ||
      getsockname(listener_, name, &size) != 0)
    throw std::runtime_error("no port to listen on");
  port_ = ntohs(where.sin_port);
}

deaf_port::~deaf_port() {
  if (listener_ >= 0) close(listener_);
}

}  // namespace atelier::test
