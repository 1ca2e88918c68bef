#include "lb/worker.hpp"

#include "lb/pick.hpp"
#include "lb/stirred.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace atelier::lb {

result<worker_settings> parse_worker(std::string_view text) {
  const auto comma = text.find(',');
  auto where = parse_address(text.substr(0, comma));
  if (!where) return where.error();
  if (!where->is_path() && where->port == 0)
    return fail_with(exit_code::wrong_usage,
                     "the worker '{}' has the port 0, where nobody listens: write the one that it listens on",
                     text);
  worker_settings settings{std::move(*where)};
  auto rest = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  if (comma != text.npos && rest.empty()) rest = ",";
  while (!rest.empty()) {
    const auto end = rest.find(',');
    const auto word = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    const auto number = [&](std::string_view name, std::uint32_t least, std::uint32_t most,
                            std::uint32_t& to) {
      if (!word.starts_with(name)) return false;
      const auto* last = word.data() + word.size();
      const auto [stop, error] = std::from_chars(word.data() + name.size(), last, to);
      return error == std::errc{} && stop == last && to >= least && to <= most;
    };
    if (!number("weight=", 1, load::weight_max, settings.weight) &&
        !number("max=", 1, 1'000'000, settings.in_flight_max))
      return fail_with(
          exit_code::wrong_usage,
          "'{}' in the worker '{}' is not understood: write HOST:PORT[,weight=1..{}][,max=1..1000000]", word,
          text, load::weight_max);
  }
  return settings;
}

std::string_view to_string(fault f) {
  switch (f) {
    case fault::no_connection:
      return "no_connection";
    case fault::lost:
      return "lost";
    case fault::timed_out:
      return "timed_out";
    case fault::bad_answer:
      break;
  }
  return "bad_answer";
}

std::unique_ptr<upstream> worker::take_idle() {
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void worker::give_idle(std::unique_ptr<upstream> connection, clock::time_point now, std::size_t idle_max) {
  if (idle_.size() >= idle_max || connection->made_at <= moved_at_) return;
  connection->idle_since = now;
  connection->used_before = true;
  idle_.push_back(std::move(connection));
}

void worker::sweep(clock::time_point oldest) {
  std::erase_if(idle_, [&](const auto& c) {
    return c->idle_since < oldest || (has_stirred(c->socket) && !is_still_open(*c));
  });
}

void worker::close_lost() {
  std::erase_if(idle_, [](const auto& c) { return !is_still_open(*c); });
}

const socket_address& worker::address_among(const std::vector<socket_address>& found) const {
  const auto same = [&](const socket_address& one) { return is_same(one, endpoint); };
  const auto here = std::find_if(found.begin(), found.end(), same);
  return here == found.end() ? found.front() : *here;
}

void worker::move_to(const socket_address& where) {
  endpoint = where;
  moved_at_ = clock::now();
  close_idle();
}

bool is_same(const socket_address& one, const socket_address& other) {
  return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size()) == 0;
}

bool is_still_open(upstream& connection) {
  char byte;
  const auto n = ::recv(connection.socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

}  // namespace atelier::lb
