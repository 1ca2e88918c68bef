// What a GET asks for, as a value: its statement and arguments, the topic it is made of, and its JSON.
#pragma once

#include "app/api/announcement.hpp"
#include "app/api/failures.hpp"
#include "app/api/routes.hpp"
#include "app/api/statements.hpp"

#include <optional>
#include <string>

namespace atelier::api {

struct lookup {
  statement what = statement::reviews_relevant;
  std::int64_t id = 0;    // of a product, a question or a review
  std::int64_t page = 0;  // of lists; else 0
  std::int64_t count = 0;

  friend bool operator==(const lookup&, const lookup&) = default;
};

/// The read that a path and its query ask for, or what is wrong with them.
answer_or<lookup> parse_lookup(const matched& place, std::string_view query);

topic topic_of(const lookup& r);

struct topic_hash {
  std::size_t operator()(const topic& t) const {
    // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, 6.4): ids are dense.
    return (static_cast<std::uint64_t>(t.id) * 4 + static_cast<std::uint64_t>(t.what)) * 0x9e3779b97f4a7c15;
  }
};

db::arguments arguments_of(const lookup& r);

/// Lookups of one kind may share a statement (db::pool::run). 0: this one goes alone, because it asks for so
/// much that its neighbours would wait for it.
std::uint64_t sharing_kind(const lookup& r);

/// The body; nothing where there is nothing of that id: 404.
std::optional<std::string> json_of(const lookup& r, const db::answer& rows);

}  // namespace atelier::api
