#include "app/api/announcement.hpp"

#include <fmt/format.h>

#include <charconv>

namespace atelier::api {
namespace {

// The next word of a text whose words are separated by one blank each.
std::string_view take_word(std::string_view& rest) {
  const auto end = rest.find(' ');
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return word;
}

template <class T>
bool read_number(std::string_view text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

std::optional<topic> parse_topic(std::string_view word) {
  topic t;
  if (word.size() < 2 || std::string_view("rvqa").find(word.front()) == std::string_view::npos) return {};
  t.what = static_cast<topic::kind>(word.front());
  if (!read_number(word.substr(1), t.id)) return {};
  return t;
}

void append_network(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::uint64_t network_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

std::string stamp_of(const sender& from) {
  return fmt::format("changed {:x} {} {}", from.id, from.echo_address, from.number);
}

std::optional<announcement> parse_announcement(std::string_view payload) {
  announcement a;
  const auto verb = take_word(payload);
  if (verb == "all") {
    a.what = announcement::kind::all;
    return a;
  }
  if (verb == "changed") {
    if (!read_number(take_word(payload), a.from.id, 16)) return {};
    a.from.echo_address = take_word(payload);
    if (!read_number(take_word(payload), a.from.number)) return {};
    while (!payload.empty()) {
      const auto t = parse_topic(take_word(payload));
      if (!t) return {};
      a.topics.push_back(*t);
    }
    return a;
  }
  if (verb == "joined")
    a.what = announcement::kind::joined;
  else if (verb == "left")
    a.what = announcement::kind::left;
  else if (verb == "evicted")
    a.what = announcement::kind::evicted;
  else
    return {};
  if (!read_number(payload, a.member)) return {};
  return a;
}

std::string bytes_of(const echo& e) {
  std::string out;
  out.reserve(16 + 8 * e.numbers.size());
  append_network(out, e.to);
  append_network(out, e.from);
  for (const auto number : e.numbers) append_network(out, number);
  return out;
}

std::optional<echo> parse_echo(std::string_view datagram) {
  if (datagram.size() < 24 || datagram.size() % 8 != 0 || datagram.size() > 16 + 8 * echo::numbers_max)
    return {};
  echo e{network_at(datagram, 0), network_at(datagram, 8), {}};
  for (std::size_t at = 16; at < datagram.size(); at += 8) e.numbers.push_back(network_at(datagram, at));
  return e;
}

}  // namespace atelier::api
