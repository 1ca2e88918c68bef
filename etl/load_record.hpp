// The table of loads in the database: what was loaded, when, with which result.
#pragma once

#include "db/session.hpp"
#include "etl/report.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::etl {

/// One load's row and those of its files. Every function is part of whatever transaction the session is in.
class load_record {
 public:
  /// `mode`: "replace" or "append".
  static result<load_record> start(db::session& session, std::string_view mode);

  /// Writes down what came of a file so far. `done_bytes`: all rows before it are settled.
  result<> note(db::session& session, const file_report& file,
                std::optional<std::uint64_t> done_bytes = {}) const;
  /// `outcome`: "published", or why not.
  result<> finish(db::session& session, const load_report& report, const std::string& outcome) const;

 private:
  explicit load_record(std::string id) : id_(std::move(id)) {}
  std::string id_;
};

}  // namespace atelier::etl
