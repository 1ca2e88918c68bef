// A worker that behaves as a test wants: right, slow or badly. Shares no code with the proxy.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace atelier::test {

/// One connection that the worker accepted. Blocking.
class worker_connection {
 public:
  explicit worker_connection(int socket) : socket_(socket) {}
  worker_connection(const worker_connection&) = delete;
  worker_connection& operator=(const worker_connection&) = delete;

  /// A head with its body as it was framed; empty when the other side ended or broke off before that.
  std::string read_request();

  /// The head alone; its body is what comes next.
  std::string read_head();

  /// So many bytes of what comes next; fewer where the other side ended before.
  std::string read_bytes(std::size_t size);

  /// Whatever comes until the other side ends, for as long as the connection lives.
  std::string read_rest();

  void send(std::string_view bytes);
  void close();  // FIN
  void reset();  // RST

  int number() const { return number_; }  // 0 for the worker's first, probes not counted

 private:
  friend class scripted_worker;
  bool receive();

  int socket_;
  int number_ = 0;
  bool closed_ = false;
  std::string received_;
};

/// Listens on a port of its own; a thread a connection. Probes (GET /ready on their own connections) are
/// answered by itself.
class scripted_worker {
 public:
  /// Called for each connection that is not a probe, with its first request (or its head alone) already read.
  using script = std::function<void(worker_connection&, std::string request)>;

  enum class reads { request, head };

  explicit scripted_worker(script what, reads first = reads::request, std::uint16_t port = 0);
  ~scripted_worker();

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void set_ready(bool ready) { ready_ = ready; }

  /// Refuses connections and resets those that are open: what kill -9 looks like from outside.
  void die();

  /// Complete requests that arrived, probes not counted.
  std::vector<std::string> requests() const;
  int connections() const { return connections_; }

  /// To be called by scripts for what they read themselves.
  void note(const std::string& request);

 private:
  void accept();
  void serve(int socket);

  script what_;
  reads first_;
  std::atomic<int> listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ready_ = true;
  std::atomic<bool> ending_ = false;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// An HTTP/1.1 answer with a Content-Length.
std::string answer_with(std::string_view body, std::string_view fields = "",
                        std::string_view status = "200 OK");

/// A script that answers each request on a connection by this function until the connection ends.
scripted_worker::script answering(std::function<std::string(const std::string& request)> answer);

/// Says ok to everything.
inline scripted_worker::script quick_answers() {
  return answering([](const std::string&) { return answer_with("ok"); });
}

/// Answers each request with its own bytes.
inline scripted_worker::script echo() {
  return answering([](const std::string& request) { return answer_with(request); });
}

}  // namespace atelier::test
