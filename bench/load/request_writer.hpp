// The next request, as bytes: of which kind it is, its ids drawn and put in.
#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/scenario.hpp"

#include <string>
#include <vector>

namespace atelier::bench {

class request_writer {
 public:
  /// The scenario outlives us. `host` is for the Host field.
  request_writer(const scenario& what, const std::string& host, std::uint64_t seed);

  /// A kind by its weight.
  std::size_t pick_kind();

  /// Appends a request of that kind. What is returned lacks its times.
  sent_request append(std::size_t kind, std::string& out);

  /// What is known of a kind before any answer to it comes.
  struct kind {
    std::string before;           // its target: "GET "
    std::string after;            // " HTTP/1.1\r\nHost: …\r\n"
    std::vector<int> remembered;  // generators whose values its expectations name
    std::uint64_t asked = 0;
    bool is_head = false, keep_head = false;
  };
  const kind& of(std::size_t number) const { return kinds_[number]; }

 private:
  const scenario& what_;
  drawn_values values_;
  random_numbers chance_;
  std::vector<kind> kinds_;
  std::vector<double> weights_;  // summed up
  std::string body_;
};

}  // namespace atelier::bench
