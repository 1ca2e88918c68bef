// One statement on its way to the server and back, as the pure parts of this folder see it.
#pragma once

#include <cstdint>

namespace atelier::db {

/// Whoever hands it out keeps it alive until it comes back.
struct operation {
  enum class stage {
    idle,     // nobody's: cancelling has nothing to do
    waiting,  // not sent: any connection may take it
    sent,     // the server may run it
  };
  bool writes = false;
  stage where = stage::idle;
  unsigned losses = 0;             // connections that broke under it
  std::uint64_t kind = 0;          // reads of one kind may go as one statement; 0: it goes alone
  operation* goes_with = nullptr;  // the next of those that the first in the turn stands for
};

}  // namespace atelier::db
