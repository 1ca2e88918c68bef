// What every contract case stands on: a database, two workers, and an oracle that knows what they must
// answer.
#pragma once

#include "support/http_client.hpp"
#include "support/oracle.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

#include <simdjson.h>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace atelier::test {

/// A parsed answer: `json(text)["/results/0/review_id"]`. Throws simdjson_error where it is not as asked.
class json {
 public:
  explicit json(std::string_view text) : root_(parser_.parse(simdjson::padded_string(text))) {}
  simdjson::dom::element operator[](std::string_view pointer) const {
    return pointer.empty() ? root_ : simdjson::dom::element(root_.at_pointer(pointer));
  }
  bool has(std::string_view pointer) const { return root_.at_pointer(pointer).error() == simdjson::SUCCESS; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

/// A JSON object whose members are raw JSON, to be changed one at a time.
class members {
 public:
  members(std::initializer_list<std::pair<std::string, std::string>> list) : list_(list) {}
  members with(const std::string& name, const std::string& raw) const;  // replaced, or added at the end
  members without(const std::string& name) const;
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

members valid_review(std::int64_t product);
members valid_question(std::int64_t product);
members valid_answer();

/// One for the whole run: started by the first case that asks, gone at exit. With
/// ATELIER_CONTRACT_THROUGH=proxy in the environment every request goes through `atelier lb` instead of
/// straight to a worker.
class house {
 public:
  static constexpr std::int64_t products =
      300;  // of the sample: ids 1..300; the last has awkward rows of ours

  static house& open();

  /// What the database holds. A case that writes to the sample's rows writes here too; most take a fresh
  /// product instead.
  shop expected;

  /// An id that nobody has written of.
  std::int64_t fresh_product() { return next_product_++; }

  std::uint16_t port(int worker = 0) const;  // of the proxy, where there is one
  std::uint16_t worker_port(int worker) const { return workers_.at(static_cast<std::size_t>(worker)).port; }
  std::uint16_t admin_port(int worker) const { return workers_.at(static_cast<std::size_t>(worker)).admin; }
  bool through_proxy() const { return proxy_.has_value(); }

  http_client connect(int worker = 0) const { return http_client(port(worker)); }

  // Each on a connection of its own.
  http_answer get(const std::string& target, const http_headers& headers = {}, int worker = 0) const;
  http_answer post(const std::string& target, const std::string& body, const http_headers& headers = {},
                   int worker = 0) const;  // as application/json, unless the headers name another type
  http_answer put(const std::string& target, int worker = 0) const;
  http_answer send(const std::string& method, const std::string& target, const http_headers& headers = {},
                   const std::string& body = {}, int worker = 0) const;

  // Post through one worker, read back through the other, compare with the oracle, and add to `expected`. The
  // id, the date and the photos' ids come from the answers; everything else from the argument. They return
  // the id.
  std::int64_t post_review(review r, const std::map<std::int64_t, int>& values = {}, int worker = 0);
  std::int64_t post_question(question q, int worker = 0);
  std::int64_t post_answer(answer a, int worker = 0);

  /// Ends a worker (SIGTERM, or SIGKILL) and starts it again on the same port.
  void restart_worker(int worker, int signal);

  /// What the workers wrote to stdout and stderr so far, earlier lives included.
  std::string logs() const;

  std::string conninfo() const { return database_.conninfo(); }

  /// A named characteristic of the sample's, and its product.
  characteristic some_characteristic() const;

  static constexpr std::string_view verify_token = "loaderio-0123456789abcdef";

 private:
  house();

  struct running_worker {
    std::uint16_t port = 0;
    std::uint16_t admin = 0;
    std::optional<child_process> process;
    std::string earlier_logs;
  };
  void start(running_worker& w) const;
  http_answer send_unchecked(const std::string& method, const std::string& target,
                             const http_headers& headers, const std::string& body, int worker) const;

  temp_dir csv_;
  test_database database_{test_database::content::nothing};
  std::vector<running_worker> workers_;
  std::uint16_t proxy_port_ = 0;
  std::optional<child_process> proxy_;
  std::thread::id opened_by_ = std::this_thread::get_id();
  std::atomic<std::int64_t> next_product_ = 7'000'000;
};

std::string location_of(const http_answer& a);                    // "" if there is none
std::string header(const http_answer& a, std::string_view name);  // "(none)" if there is none
std::int64_t now_ms();
std::string repeated(std::string_view what, std::size_t times);

/// The two CORS headers that every answer carries.
void check_cors(const http_answer& a);

/// What the sample leaves out, appended to its files.
void append_awkward_rows(const std::filesystem::path& folder);

}  // namespace atelier::test
