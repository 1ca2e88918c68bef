#include "bench/load/load_engine.hpp"

#include <algorithm>
#include <cerrno>

namespace atelier::bench {
namespace {

constexpr std::size_t examples_max = 8;

}  // namespace

void engine::answered(std::size_t i) {
  auto& c = connections_[i];
  const auto sent = c.in_flight.oldest();
  const auto& k = requests_.of(sent.kind);
  const auto why = checker_.look_at(c.answer, what_.requests[sent.kind].expects, k.remembered, sent.numbers,
                                    sent.look_inside);
  if (why != fault::none) example(fmt::format("{}: {}", what_.requests[sent.kind].name, checker_.detail()));
  c.in_flight.pop();
  c.reading = false;
  c.was_useful = true;
  --in_flight_;
  ended({sent.kind, why, c.answer.status(), sent.intended, now_, c.answer.body_bytes()});
  const bool thinks = !what_.is_open && what_.think.count() > 0;
  if (thinks) {
    thinkers_.push({now_ + what_.think, i});
    ++c.thinking;
  }
  if (!c.answer.keeps_connection())
    return lose(i, fault::lost, "closed before the answers to pipelined requests");
  if (what_.is_open)
    offer(i);
  else if (!thinks)
    fill(i);
}

void engine::ended_by_server(std::size_t i, std::string_view how) {
  auto& c = connections_[i];
  if (c.reading && c.answer.ends_with_connection()) return answered(i);
  lose(i, fault::lost, how);
}

// Closes; everything in flight failed; connects again, at once if the connection had answered anything.
void engine::lose(std::size_t i, fault why, std::string_view how) {
  auto& c = connections_[i];
  if (!c.in_flight.is_empty() || why == fault::bad_answer)
    example(fmt::format("{}: {}", to_string(why), how));
  forget_socket(i);
  while (!c.in_flight.is_empty()) {
    const auto sent = c.in_flight.oldest();
    c.in_flight.pop();
    --in_flight_;
    ended({.kind = sent.kind, .why = why, .intended = sent.intended, .ended = now_});
    if (why == fault::timed_out || why == fault::bad_answer) why = fault::lost;  // those behind it
  }
  if (needs_connections() && c.was_useful)
    connect(i);
  else
    c.retry_at = now_ + reconnect_pause;
}

void engine::look_for_timeouts() {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    auto& c = connections_[i];
    if (c.now == connection::stage::closed && now_ >= c.retry_at && needs_connections())
      connect(i);
    else if (c.now == connection::stage::connecting && now_ - c.connect_begun > what_.timeout)
      connect_failed(i, ETIMEDOUT);
    else if (!c.in_flight.is_empty() && now_ - c.in_flight.oldest().sent > what_.timeout)
      lose(i, fault::timed_out, "no whole answer in time");
  }
  const auto why = std::any_of(connections_.begin(), connections_.end(),
                               [](auto& c) { return c.now == connection::stage::open; })
                       ? fault::timed_out
                       : fault::connect;
  while (!waiting_.empty() && now_ - waiting_.front() > what_.timeout) {
    ended({.kind = requests_.pick_kind(), .why = why, .intended = waiting_.front(), .ended = now_});
    waiting_.pop_front();
  }
}

void engine::give_up_all() {
  for (auto& c : connections_) {
    while (!c.in_flight.is_empty()) {
      const auto sent = c.in_flight.oldest();
      c.in_flight.pop();
      if (!result_.stopped)
        ended({.kind = sent.kind, .why = fault::timed_out, .intended = sent.intended, .ended = now_});
    }
  }
  for (const auto intended : waiting_) {
    if (!result_.stopped)
      ended({.kind = requests_.pick_kind(), .why = fault::timed_out, .intended = intended, .ended = now_});
  }
}

void engine::example(std::string text) {
  auto& all = result_.examples;
  if (all.size() < examples_max && std::find(all.begin(), all.end(), text) == all.end())
    all.push_back(std::move(text));
}

}  // namespace atelier::bench
