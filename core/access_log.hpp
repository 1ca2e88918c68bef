// The access log: one line a request. A thread writes, so that a slow disk or a full pipe never stops the
// loop.
#pragma once

#include "core/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace atelier {

/// What is said of a request. What is empty, and a phase below zero, is left out. Only views: read when it is
/// written.
///
/// Safe by construction: there is no place for a query, a body or a user agent, and what looks like an e-mail
/// address in a path or an id is written as `*`.
struct access_entry {
  struct phase {
    std::string_view name;  // "queue": written as queue_ms
    std::chrono::nanoseconds took{-1};
  };
  struct word {
    std::string_view name;
    std::string_view value;
  };

  std::string_view request_id = {};
  std::string_view trace_id = {};  // of W3C Trace Context
  std::string_view client = {};    // its address
  std::string_view method = {};
  std::string_view path = {};   // without the query
  unsigned status = 0;          // 0: no answer was begun
  std::string_view ended = {};  // how, a literal: "done", or who broke it off
  bool went_wrong = false;      // logged even where only a sample is
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::span<const phase> phases = {};
  std::span<const word> more = {};  // such as the worker or the route
};

struct access_log_options {
  enum class detail : std::uint8_t { off, sampled, full };
  enum class format : std::uint8_t { text, json };

  detail how_much = detail::off;
  format as = format::text;  // key=value
  std::string file = "-";    // appended to; - is stdout
  unsigned sample = 100;     // `sampled`: one request of so many, and every one that went wrong
  std::size_t buffer_bytes_max = 4 * 1024 * 1024;  // not yet written; beyond, lines are dropped and counted
};

/// Appends the line with its newline. Pure.
void append_access_line(std::string& out, const access_entry& entry, access_log_options::format as,
                        std::chrono::system_clock::time_point now);

class access_log {
 public:
  /// Errors: a file that cannot be opened. Start it after the signals are taken (core/signals.hpp).
  static result<std::unique_ptr<access_log>> open(const access_log_options& options);

  access_log(const access_log&) = delete;
  access_log& operator=(const access_log&) = delete;
  ~access_log();  // writes what is left, for at most a second

  /// Whether this request is to be written: ask once a request, before the entry is gathered.
  bool wants(bool went_wrong) noexcept {
    if (options_.how_much == access_log_options::detail::full) return true;
    return options_.how_much == access_log_options::detail::sampled &&
           (++seen_ % options_.sample == 0 || went_wrong);
  }
  void write(const access_entry& entry);

  /// Opens the file anew, after it was renamed. Errors: it cannot be opened; the old one stays.
  result<> reopen();

  std::uint64_t lines() const { return lines_; }  // taken
  std::uint64_t dropped() const;                  // no room, or not writable

 private:
  struct shared;
  access_log(const access_log_options& options, int file);

  const access_log_options options_;
  std::shared_ptr<shared> shared_;
  std::string line_;
  std::uint64_t seen_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace atelier
