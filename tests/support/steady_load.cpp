#include "support/steady_load.hpp"

#include "support/http_client.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace atelier::test {

steady_load::steady_load(std::uint16_t port, int clients, std::function<std::string()> request) {
  if (!request) request = [] { return std::string("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"); };
  for (int i = 0; i < clients; ++i) clients_.emplace_back([=, this] { run(port, request); });
}

steady_load::~steady_load() { stop(); }

void steady_load::stop() {
  stopping_ = true;
  for (auto& one : clients_) one.join();
  clients_.clear();
}

void steady_load::run(std::uint16_t port, const std::function<std::string()>& request) {
  using clock = std::chrono::steady_clock;
  std::optional<http_client> connection;
  while (!stopping_) {
    const auto start = clock::now();
    try {
      if (!connection) {
        connection.emplace(port, std::chrono::seconds(20));
        ++connections_;
      }
      connection->send(request());
      const auto answer = connection->read();
      ++answers_;
      if (answer.status != 200) complain("status " + std::to_string(answer.status) + " " + answer.body);
      if (answer.header("Connection") == "close") connection.reset();
    } catch (const std::runtime_error& e) {
      complain(e.what());
      connection.reset();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const std::lock_guard lock(mutex_);
    latencies_.push_back(std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - start));
  }
}

void steady_load::complain(const std::string& what) {
  ++errors_;
  const std::lock_guard lock(mutex_);
  ++complaints_[what];
}

std::string steady_load::complaints() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const auto& [what, times] : complaints_) all += std::to_string(times) + " x " + what + "\n";
  return all;
}

std::chrono::microseconds steady_load::percentile(double share) const {
  const std::lock_guard lock(mutex_);
  auto sorted = latencies_;
  if (sorted.empty()) return {};
  std::sort(sorted.begin(), sorted.end());
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace atelier::test
