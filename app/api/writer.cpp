#include "app/api/writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace atelier::api {

task<db::outcome> writer::post(statement what, db::arguments with) {
  ++counters_.posts;
  const auto number = truth_.begin();
  with.add_text(truth_.stamp(number));
  auto row = co_await ask(database_, what, std::move(with));
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

task<answer_or<bool>> writer::vote(statement what, std::int64_t id) {
  auto& box = boxes_[static_cast<std::size_t>(what) - static_cast<std::size_t>(statement::review_helpful)];
  if (box.waiting.size() >= votes_waiting_max) co_return of_database({db::errc::overloaded});
  ballot mine;
  mine.id = id;
  box.waiting.push_back(&mine);
  if (!box.is_emptied) {
    box.is_emptied = true;
    asio::co_spawn(loop_, empty_box(what, box), asio::detached);  // ends when empty
  }
  co_await mine.done.wait();
  if (mine.failed) co_return of_database(*mine.failed);
  co_return mine.found;
}

// One batch after the other: what came while the last was under way goes together. Alone, a vote waits for
// nobody.
task<> writer::empty_box(statement what, ballot_box& box) {
  while (!box.waiting.empty()) {
    const auto count = std::min(box.waiting.size(), votes_a_batch_max);
    const auto end = box.waiting.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<ballot*> cast(box.waiting.begin(), end);
    box.waiting.erase(box.waiting.begin(), end);
    std::vector<std::int64_t> ids;
    ids.reserve(count);
    for (const auto* one : cast) ids.push_back(one->id);
    const auto number = truth_.begin();
    db::arguments with;
    with.add_int8_array(ids).add_text(truth_.stamp(number));
    counters_.votes += count;
    ++counters_.vote_batches;
    const auto rows = co_await ask(database_, what, std::move(with));
    std::vector<std::int64_t> found;
    if (rows)
      for (int row = 0; row < rows->size(); ++row) found.push_back(rows->int8(row, 0));
    for (auto* one : cast) {
      one->found = std::find(found.begin(), found.end(), one->id) != found.end();
      if (!rows) one->failed = rows.error();
    }
    if (found.empty()) {
      truth_.forget(number);
      for (auto* one : cast) one->done.set();
    } else {
      // The next batch goes out while this one becomes known.
      asio::co_spawn(loop_, settle(std::move(cast), number), asio::detached);
    }
  }
  box.is_emptied = false;
}

task<> writer::settle(std::vector<ballot*> cast, std::uint64_t number) {
  co_await truth_.until_known(number);
  for (auto* one : cast) one->done.set();
}

}  // namespace atelier::api
