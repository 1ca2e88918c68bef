// What was not loaded, written down: the rows themselves, to be mended, and a line a row that says why.
#pragma once

#include "core/result.hpp"
#include "etl/outcome.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

/// One line of the log.
struct reject_note {
  std::uint64_t line;    // first physical line, from 1
  std::uint64_t offset;  // first byte in the stream
  reject why;
  std::string_view column;  // empty: no column is to blame
  std::string_view value;
  std::string_view raw;
};

/// NAME.rejects.csv (header and raw records) and NAME.rejects.jsonl of one input, both for their owner alone:
/// they hold personal data. Made when the first row comes. The first failure is kept and told by finish().
class reject_files {
 public:
  /// `stem`: DIR/NAME, or empty to write nothing.
  reject_files(std::string stem, std::string input) : stem_(std::move(stem)), file_(std::move(input)) {}

  /// Both names; none if nothing is written.
  std::vector<std::string> names() const;
  /// What an earlier run left under these names; asked when nothing can refuse this one any more.
  void remove_earlier() const;
  void set_header(std::string_view raw) { header_ = raw; }
  void add(const reject_note& note);
  result<> finish();
  bool failed() const { return problem_.has_value(); }

 private:
  struct close_file {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  using handle = std::unique_ptr<std::FILE, close_file>;
  handle open(const std::string& path);
  void put(std::FILE* f, std::string_view bytes);

  std::string stem_;
  std::string file_;
  std::string header_;
  std::string line_;
  handle rows_;
  handle log_;
  std::optional<failure> problem_;
};

/// Makes the folder and proves that it can be written, before anything else is done.
result<> prepare_reject_folder(const std::string& directory);

/// The note as one JSON object, without a line end.
std::string reject_line(std::string_view file, const reject_note& note);

}  // namespace atelier::etl
