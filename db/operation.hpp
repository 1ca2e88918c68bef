// One statement on its way to the server and back, as the pure parts of this folder see it.
#pragma once

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
  unsigned losses = 0;  // connections that broke under it
};

}  // namespace atelier::db
