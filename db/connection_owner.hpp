// The pool, as its connections see it. Private to db.
#pragma once

#include "db/error.hpp"
#include "db/pipeline.hpp"

namespace atelier::db {

class connection_owner {
 public:
  virtual waiting_line& line() = 0;
  virtual bool may_write() const = 0;    // one connection more
  virtual bool may_be_slow() const = 0;  // the same

  /// A turn of so many quick reads took so long.
  virtual void came_back(clock::duration took, std::size_t had) = 0;

  /// Whether those that wait now are to wait on for others to go with, though a connection is free: spread()
  /// comes when they are enough or have waited enough.
  virtual bool gathers() = 0;

  /// There may be more to do than the connection that has just taken a turn can take.
  virtual void spread() = 0;

  /// What to do with statements whose connection is gone. Must not call back into it.
  virtual void lost(const pipeline::leftovers& left, errc why) = 0;

 protected:
  ~connection_owner() = default;
};

}  // namespace atelier::db
