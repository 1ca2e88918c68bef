// How little memory the proxy needs, whatever passes.
#include "integration/lb_proxy_process.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

scripted_worker::script echo() {
  return answering([](const std::string& request) { return answer_with(request); });
}

long resident_kb(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::stol(line.substr(field.size() + 1));
  return -1;
}

}  // namespace

TEST_CASE("a hundred megabytes pass both ways through little memory", "[lb]") {
  constexpr std::size_t size = 100'000'000;
  scripted_worker worker(answering(
      [](const std::string& request) { return answer_with(request.substr(request.find("\r\n\r\n") + 4)); }));
  proxy_process proxy({worker.address()});
  const auto before = resident_kb(proxy.process.pid(), "VmHWM:");
  auto client = proxy.connect(60s);
  std::string body(size, 'x');
  for (std::size_t i = 0; i < size; i += 1009) body[i] = static_cast<char>('a' + i % 26);
  const auto answer = client.request("POST", "/", {}, body);
  CHECK(answer.status == 200);
  CHECK((answer.body == body));
  CHECK(client.get("/").status == 200);  // the connection goes on
  CHECK(resident_kb(proxy.process.pid(), "VmHWM:") - before < 8 * 1024);
}

TEST_CASE("a hundred megabytes in chunks pass to a client that takes them slowly through little memory",
          "[lb]") {
  constexpr std::size_t chunks = 1000;
  const std::string chunk(100'000, 'x');
  scripted_worker worker([&](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (std::size_t i = 0; i < chunks; ++i) c.send("186a0\r\n" + chunk + "\r\n");
      c.send("0\r\n\r\n");
    }
  });
  // More than the kernel takes at once, so that the proxy always holds some.
  proxy_process proxy({worker.address()}, {"--answer-bytes-max", "1000000"});
  const auto before = resident_kb(proxy.process.pid(), "VmHWM:");
  auto client = http_client::slow(proxy.port);
  const bool in_chunks = GENERATE(true, false);
  client.send(in_chunks ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "GET / HTTP/1.0\r\n\r\n");
  const auto answer = client.read();
  CHECK(answer.status == 200);
  CHECK(answer.header("Transfer-Encoding").has_value() == in_chunks);
  CHECK((answer.body == std::string(chunks * chunk.size(), 'x')));
  CHECK(resident_kb(proxy.process.pid(), "VmHWM:") - before < 8 * 1024);
}

TEST_CASE("a connection without a request holds no buffer", "[lb]") {
  scripted_worker worker(echo());
  proxy_process proxy({worker.address()});
  std::vector<http_client> clients;
  for (int i = 0; i < 50; ++i) CHECK(clients.emplace_back(proxy.connect()).get("/").status == 200);
  const auto before = resident_kb(proxy.process.pid(), "VmRSS:");
  for (int i = 0; i < 500; ++i) CHECK(clients.emplace_back(proxy.connect()).get("/").status == 200);
#ifdef __SANITIZE_THREAD__
  constexpr auto bytes_max = 32 * 1024;  // it keeps notes of every word of memory that is touched
#else
  constexpr auto bytes_max = 8 * 1024;
#endif
  CHECK((resident_kb(proxy.process.pid(), "VmRSS:") - before) * 1024 / 500 < bytes_max);
  CHECK(proxy.metric("connections") == 550);
}
