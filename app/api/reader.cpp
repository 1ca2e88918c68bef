#include "app/api/reader.hpp"

namespace atelier::api {
namespace {

shared_answer finish(const std::optional<std::string>& body) {
  return body ? finished_answer::ok(*body) : finished_answer::not_found();
}

}  // namespace

const finished_answer* reader::kept(const lookup& what) {
  if (!truth_.uses_cache()) return nullptr;
  const auto* found = cache_.find(what);
  if (found) ++cache_.count().hits;
  return found;
}

task<answer_or<shared_answer>> reader::fetch(lookup what) {
  if (!truth_.uses_cache()) {
    ++cache_.count().bypassed;
    co_return co_await ask_database(what);
  }
  if (const auto other = cache_.under_way(what)) {
    ++cache_.count().joined;
    one_shot back;
    other->waiting.push_back(&back);
    co_await back.wait();
    co_return other->result;
  }
  ++cache_.count().misses;
  const auto mine = cache_.take_off(what);
  auto result = co_await ask_database(what);
  cache_.land(mine, result);
  co_return result;
}

task<answer_or<shared_answer>> reader::ask_database(lookup what) {
  const auto rows = co_await ask(database_, what.what, arguments_of(what), sharing_kind(what));
  if (!rows) co_return of_database(rows.error());
  co_return finish(json_of(what, *rows));
}

}  // namespace atelier::api
