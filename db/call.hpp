// One prepared statement with its arguments, and whoever waits for its answer.
#pragma once

#include "core/async.hpp"
#include "core/one_shot.hpp"
#include "core/result.hpp"
#include "db/answer.hpp"
#include "db/arguments.hpp"
#include "db/error.hpp"
#include "db/pipeline.hpp"

#include <stdexcept>

namespace atelier::db {

[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
  throw std::logic_error("the answer of a failed statement was taken: " + e.message);
}

using outcome = result<answer, error>;

/// A statement that every connection prepares when it opens. All of it lives as long as the program.
struct statement {
  std::string_view name;
  std::string_view sql;
  bool writes = false;

  /// Of a read whose first argument is an int8: the same for many callers at once. It takes an array of what
  /// each asks for, and answers with rows that begin with the place (int8, from 1) of the caller's in the
  /// array and ascend by it; each caller gets his own rows, without it. Empty: it is never shared.
  std::string_view sql_of_many = {};

  /// What the latter is prepared as.
  std::string name_of_many() const { return std::string(name) + "_of_many"; }
};

struct call : operation {
  arguments with;
  clock::time_point sent_at;
  outcome what = error{};
  one_shot done;

  void finish(outcome o) {
    what = std::move(o);
    done.set();  // may destroy *this
  }
};

}  // namespace atelier::db
