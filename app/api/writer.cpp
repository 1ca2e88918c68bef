#include "app/api/writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace atelier::api {

namespace {

// Of a statement that waits for locks: its time for that is over.
bool is_locked(const db::outcome& row) {
  return !row && row.error().what == db::errc::timed_out && !row.error().may_have_run;
}

bool counters_are_locked(const db::outcome& row) { return row && !row->empty() && row->is_null(0, 0); }

}  // namespace

task<db::outcome> writer::post(statement what, db::arguments with) {
  ++counters_.posts;
  auto row = co_await write(what, with);
  const auto until = clock::now() + database_.statement_timeout();
  while (counters_are_locked(row) && clock::now() < until) {
    auto tried = co_await write(statement::add_review_held, with, &held_);
    if (!is_locked(tried)) row = std::move(tried);
  }
  if (counters_are_locked(row)) row = db::error{db::errc::timed_out};
  co_return row;
}

// `turn`: it is asked for before, and left before others know what is written.
task<db::outcome> writer::write(statement what, db::arguments with, turnstile* turn) {
  if (turn) co_await turn->enter();
  const auto number = truth_.begin();
  with.add_text(truth_.stamp(number));
  auto row = co_await ask(database_, what, std::move(with));
  if (turn) turn->leave();
  if (row && !row->empty() && !row->is_null(0, 1))
    co_await truth_.until_known(number);
  else
    truth_.forget(number);
  co_return row;
}

task<answer_or<bool>> writer::wait_for_earlier() {
  const auto number = truth_.begin();
  db::arguments with;
  with.add_text(truth_.stamp(number));
  const auto row = co_await ask(database_, statement::announce, std::move(with));
  if (!row) {
    truth_.forget(number);
    co_return of_database({db::errc::unavailable});
  }
  co_await truth_.until_known(number);
  co_return true;
}

namespace {

std::vector<writer::ballot*> take_batch(std::vector<writer::ballot*>& from) {
  const auto count = std::min(from.size(), writer::votes_a_batch_max);
  const auto end = from.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<writer::ballot*> cast(from.begin(), end);
  from.erase(from.begin(), end);
  return cast;
}

// Whether votes for this id are counted; nothing if there is none.
std::optional<bool> is_counted(const db::answer& rows, std::int64_t id) {
  for (int row = 0; row < rows.size(); ++row)
    if (rows.int8(row, 0) == id) return rows.boolean(row, 1);
  return std::nullopt;
}

}  // namespace

task<answer_or<bool>> writer::vote(statement what, std::int64_t id) {
  auto& box = box_of(what);
  if (box.waiting.size() + box.held_count >= votes_waiting_max) co_return of_database({db::errc::overloaded});
  ++counters_.votes;
  ballot mine;
  mine.id = id;
  if (box.held.contains(id)) {
    hold(what, mine);
  } else {
    box.waiting.push_back(&mine);
    if (!std::exchange(box.is_emptied, true))
      asio::co_spawn(loop_, empty_box(what), asio::detached);  // ends when empty
  }
  co_await mine.done.wait();
  if (mine.failed) co_return of_database(*mine.failed);
  co_return mine.found;
}

// One batch after the other: what came while the last was under way goes together. Alone, a vote waits for
// nobody.
task<> writer::empty_box(statement what) {
  auto& box = box_of(what);
  while (!box.waiting.empty()) {
    auto cast = take_batch(box.waiting);
    const auto number = truth_.begin();
    const auto rows = co_await count(what, cast, number);
    const auto held = std::stable_partition(cast.begin(), cast.end(), [&](const ballot* one) {
      return !rows || is_counted(*rows, one->id) != false;
    });
    for (auto one = held; one != cast.end(); ++one) hold(what, **one);
    cast.erase(held, cast.end());
    finish(std::move(cast), rows, number);
  }
  box.is_emptied = false;
}

void writer::hold(statement what, ballot& one) {
  auto& box = box_of(what);
  one.until = clock::now() + database_.statement_timeout();
  const auto [place, is_new] = box.held.try_emplace(one.id);
  place->second.push_back(&one);
  ++box.held_count;
  if (is_new) asio::co_spawn(loop_, wait_for(what, one.id), asio::detached);  // ends when nobody waits
}

// A row that stays locked is tried again behind the others that are, until the time of its votes is over.
task<> writer::wait_for(statement what, std::int64_t id) {
  auto& box = box_of(what);
  auto& waiting = box.held.find(id)->second;  // stays where it is, whatever else is held meanwhile
  while (!waiting.empty()) {
    co_await held_.enter();
    auto cast = take_batch(waiting);
    const auto number = truth_.begin();
    const auto rows = co_await count(held_form(what), cast, number);
    held_.leave();
    const bool again = rows ? is_counted(*rows, id) == false : is_locked(rows);
    const auto now = clock::now();
    const auto stay = std::stable_partition(cast.begin(), cast.end(),
                                            [&](const ballot* one) { return !again || one->until <= now; });
    waiting.insert(waiting.begin(), stay, cast.end());
    cast.erase(stay, cast.end());
    box.held_count -= cast.size();
    finish(std::move(cast), rows, number);
  }
  box.held.erase(id);
}

task<db::outcome> writer::count(statement what, const std::vector<ballot*>& cast, std::uint64_t number) {
  std::vector<std::int64_t> ids;
  ids.reserve(cast.size());
  for (const auto* one : cast) ids.push_back(one->id);
  db::arguments with;
  with.add_int8_array(ids).add_text(truth_.stamp(number));
  ++counters_.vote_batches;
  auto rows = co_await ask(database_, what, std::move(with));
  co_return rows;
}

void writer::finish(std::vector<ballot*> cast, const db::outcome& rows, std::uint64_t number) {
  bool is_announced = false;
  for (auto* one : cast) {
    const auto counted = rows ? is_counted(*rows, one->id) : std::nullopt;
    one->found = counted == true;
    if (!rows) one->failed = rows.error();
    if (counted == false) one->failed = db::error{db::errc::timed_out};
    is_announced = is_announced || one->found;
  }
  // The next batch goes out while this one becomes known.
  if (is_announced) return asio::co_spawn(loop_, settle(std::move(cast), number), asio::detached);
  truth_.forget(number);
  for (auto* one : cast) one->done.set();
}

task<> writer::settle(std::vector<ballot*> cast, std::uint64_t number) {
  co_await truth_.until_known(number);
  for (auto* one : cast) one->done.set();
}

}  // namespace atelier::api
