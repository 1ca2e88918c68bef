// Expected outcomes are values.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace atelier {

/// How the program ends; operators' scripts rely on these numbers.
enum class exit_code : int {
  done = 0,
  failed = 1,
  wrong_usage = 2,
  stopped_by_limit = 3,  // such as --max-rejects
};

/// What went wrong, in a sentence for the person who started us: what happened, to what, and what to do.
struct failure {
  failure() = default;
  failure(exit_code c, std::string w) : what(std::move(w)), code(c) {}

  std::string what;
  exit_code code = exit_code::failed;
};

/// fail("'{}' cannot be read: {}", file, reason)
template <class... A>
failure fail(fmt::format_string<A...> what, A&&... arguments) {
  return {exit_code::failed, fmt::format(what, std::forward<A>(arguments)...)};
}
template <class... A>
failure fail_with(exit_code code, fmt::format_string<A...> what, A&&... arguments) {
  return {code, fmt::format(what, std::forward<A>(arguments)...)};
}

/// A value or the reason why there is none. Ask before you take: the value of a failure is a bug.
template <class T = void, class E = failure>
using result = boost::system::result<T, E>;

[[noreturn]] inline void throw_exception_from_error(const failure& f, const boost::source_location&) {
  throw std::logic_error("the value of a failure was taken: " + f.what);
}

}  // namespace atelier
