// Why a statement has no answer.
#pragma once

#include <string>
#include <string_view>

namespace atelier::db {

enum class errc {
  overloaded,       // the queue is full; nothing was sent
  unavailable,      // no connection; nothing was sent
  connection_lost,  // sent, and the connection broke before its answer: a write may have been done
  timed_out,  // the server cancelled it (statement_timeout, lock_timeout) or was silent too long; a write may
              // have been done if `may_have_run`
  rejected,   // the server refused it; it did not run
};

struct error {
  errc what = errc::unavailable;
  bool may_have_run = false;
  std::string sqlstate = {};  // of a rejected one, five characters
  std::string message = {};   // the server's first line, for the log only
};

std::string_view to_string(errc what);

/// The same as a label of a metric: "connection_lost".
std::string label_of(errc what);

}  // namespace atelier::db
