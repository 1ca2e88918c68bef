#include "openapi_house.hpp"

#include "support/wait.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace atelier::test {
namespace {

using namespace std::chrono_literals;

void run_to_success(const std::vector<std::string>& arguments) {
  const auto done = run_program(ATELIER_PROGRAM, arguments, 120s);
  if (done.code != 0)
    throw std::runtime_error(fmt::format("atelier {} {}: {}", arguments[0], arguments[1], done.errors));
}

std::string filled(const test_database& database) {
  const temp_dir csv;
  run_to_success({"etl", "sample", csv.path().string(), "--products", "30"});
  run_to_success({"etl", "load", csv.path().string(), "--db", database.conninfo()});
  return database.conninfo();
}

}  // namespace

openapi_house& openapi_house::open() {
  static openapi_house only;
  return only;
}

openapi_house::openapi_house()
    : worker_(ATELIER_PROGRAM, {"api", "--listen", fmt::format("127.0.0.1:{}", port_), "--db",
                                filled(database_), "--db-connections", "2", "--head-timeout", "1s",
                                "--verify-token", "loaderio-0123456789abcdef"}) {
  const auto is_ready = [this] { return is_listening(port_) && fetch(port_, "/ready").status == 200; };
  if (!wait_until(20s, [&] { return is_ready() || !worker_.running(); }) || !worker_.running())
    throw std::runtime_error("the worker is not ready: " + worker_.errors());
}

http_answer openapi_house::send(const std::string& method, const std::string& target,
                                const http_headers& headers, const std::string& body) const {
  http_client client(port_);
  if (method != "HEAD") return client.request(method, target, headers, body);
  std::string head = fmt::format("HEAD {} HTTP/1.1\r\nHost: test\r\n", target);
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
  client.send(head + "\r\n");
  return client.read(true);
}

http_answer openapi_house::send_raw(const std::string& bytes) const {
  http_client client(port_);
  client.send(bytes);
  return client.read();
}

}  // namespace atelier::test
