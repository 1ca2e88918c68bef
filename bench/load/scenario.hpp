// What is asked, how often, and what is expected of it.
#pragma once

#include "bench/load/arrivals.hpp"
#include "bench/load/template.hpp"
#include "bench/load/threshold.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::bench {

/// What an answer must have.
struct expectation {
  struct header {
    std::string name;   // lower case
    std::string value;  // empty: any
  };
  struct member {
    std::string pointer;  // RFC 6901: /results/0/review_id
    std::string type;     // "array", "object", "string", "number", "boolean", "null"; empty: compared
    text_template value;  // JSON text
  };
  std::vector<int> statuses;  // empty: 200 to 399
  std::vector<header> headers;
  std::vector<member> members;
  unsigned every = 1;  // bodies are looked into once in so many answers
};

struct request_kind {
  std::string name;
  double weight = 1;
  std::string method = "GET";
  text_template target;
  text_template headers;  // "Name: value\r\n" each
  text_template body;
  bool has_body = false;
  expectation expects;
};

struct scenario {
  std::string name = "unnamed";
  std::string about;
  bool is_open = true;
  arrivals::pacing pacing = arrivals::pacing::even;
  std::vector<stage> stages;  // of a closed loop: only how long
  nanoseconds warm_up{0};     // before the first stage, at its first rate; not counted
  std::size_t connections = 64;
  std::size_t pipeline = 1;  // requests in flight a connection
  nanoseconds think{0};      // closed loop: pause of a connection after an answer
  nanoseconds timeout = std::chrono::seconds(10);
  std::size_t waiting_max = 100'000;  // open loop: arrivals that wait for a connection; beyond: an error
  std::vector<generator> values;
  std::vector<request_kind> requests;
  std::vector<threshold> thresholds;
};

/// Errors: a rate that nobody can offer (negative, endless), a stage that asks for nothing.
result<> check_rates(std::span<const stage> stages);

/// Errors: a threshold of a request that the scenario does not have.
result<> check_request(const threshold& t, const scenario& s);

/// Reads a scenario file (its members: docs/benchmarking.md). `changes` replace the file's parameters.
/// Errors, naming the member: not JSON, an unknown or missing member, a value out of range.
result<scenario> parse_scenario(std::string_view json, const std::map<std::string, double>& changes = {});

}  // namespace atelier::bench
