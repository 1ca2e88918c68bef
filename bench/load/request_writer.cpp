#include "bench/load/request_writer.hpp"

#include "bench/load/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace atelier::bench {

request_writer::request_writer(const scenario& what, const std::string& host, std::uint64_t seed)
    : what_(what), values_(what.values, seed), chance_(seed ^ 0x5bd1e995) {
  double sum = 0;
  for (const auto& r : what.requests) {
    weights_.push_back(sum += r.weight);
    kind k;
    k.before = r.method + ' ';
    k.after = " HTTP/1.1\r\nHost: " + host + "\r\n";
    k.remembered = expectation_numbers(r.expects);
    k.is_head = r.method == "HEAD";
    k.keep_head = !r.expects.headers.empty();
    kinds_.push_back(std::move(k));
  }
}

std::size_t request_writer::pick_kind() {
  if (weights_.size() == 1) return 0;
  const double mark = chance_.unit() * weights_.back();
  return static_cast<std::size_t>(std::upper_bound(weights_.begin(), weights_.end() - 1, mark) -
                                  weights_.begin());
}

sent_request request_writer::append(std::size_t number, std::string& out) {
  auto& k = kinds_[number];
  const auto& r = what_.requests[number];
  sent_request sent{.kind = number};
  sent.look_inside = !r.expects.members.empty() && k.asked++ % r.expects.every == 0;
  values_.forget();
  out += k.before;
  values_.append(r.target, out);
  out += k.after;
  values_.append(r.headers, out);
  if (r.has_body) {
    body_.clear();
    values_.append(r.body, body_);
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n\r\n", body_.size());
    out += body_;
  } else {
    out += r.method == "GET" || k.is_head ? "\r\n" : "Content-Length: 0\r\n\r\n";
  }
  for (std::size_t n = 0; n < k.remembered.size(); ++n) sent.numbers[n] = values_.number(k.remembered[n]);
  return sent;
}

}  // namespace atelier::bench
