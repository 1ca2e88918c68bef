// One statement on its way to the server and back, as the pure parts of this folder see it.
#pragma once

#include "core/async.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace atelier::db {

/// Whoever hands it out keeps it alive until it comes back.
struct operation {
  enum class stage {
    idle,     // nobody's: cancelling has nothing to do
    waiting,  // not sent: any connection may take it
    sent,     // the server may run it
  };
  bool writes = false;
  std::size_t statement = 0;                           // which of those that are prepared
  clock::time_point until = clock::time_point::max();  // it waits in line no longer
  stage where = stage::idle;
  unsigned losses = 0;             // connections that broke under it
  std::uint64_t kind = 0;          // reads of one kind may go as one statement; 0: it goes alone
  operation* goes_with = nullptr;  // the next of those that the first in the turn stands for
};

/// Calls for each of those that go together, unlinked before it: it may destroy them.
template <class F>
void for_each_apart(operation* first, F f) {
  while (first) {
    auto* const next = std::exchange(first->goes_with, nullptr);
    f(first);
    first = next;
  }
}

}  // namespace atelier::db
