// One CSV file being written: fields one after the other into a large buffer.
#pragma once

#include "core/result.hpp"
#include "etl/damage.hpp"
#include "etl/sets.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

/// Writes DIR/.NAME.csv.part and takes the name NAME.csv only in publish(): a failed run leaves no half file
/// under a good name. A failed write is remembered and told by finish(); what is written after it is dropped.
class sample_file {
 public:
  static constexpr std::size_t buffer_bytes = 1 << 20;   // written out when this full
  static constexpr std::size_t row_bytes_max = 1 << 16;  // no made row is longer

  static result<sample_file> create(const std::string& directory, const set_shape& shape,
                                    std::optional<damage> harm);
  sample_file(sample_file&& other) noexcept;
  sample_file& operator=(sample_file&&) = delete;
  ~sample_file();

  /// A number, or a word that stands without quotes.
  void number(std::uint64_t value);
  void word(std::string_view text) {
    start_field();
    append(text);
  }
  /// Text in quotes: open, any number of pieces whose quotes are doubled already, close.
  void open_text() {
    start_field();
    *end_++ = '"';
  }
  void append(std::string_view escaped) {
    std::memcpy(end_, escaped.data(), escaped.size());
    end_ += escaped.size();
  }
  void close_text() { *end_++ = '"'; }
  void text(std::string_view escaped) {
    open_text();
    append(escaped);
    close_text();
  }
  void end_row() {
    if (harm_) harm_row();
    *end_++ = '\n';
    if (static_cast<std::size_t>(end_ - buffer_.data()) >= buffer_bytes) write_out();
    row_ = end_;
    fields_ = 0;
  }

  result<> finish();
  result<> publish();

 private:
  sample_file(std::string path, std::string part, int descriptor, const set_shape& shape,
              std::optional<damage> harm);
  void start_field() {
    if (fields_ > 0) *end_++ = ',';
    starts_[fields_++] = end_;
  }
  void harm_row();
  void write_out();

  std::string path_;
  std::string part_;
  int descriptor_;
  int error_ = 0;  // errno of the first write that failed
  const set_shape* shape_;
  std::optional<damage> harm_;
  std::vector<char> buffer_;
  char* row_;  // where the row under way begins
  char* end_;
  std::array<char*, columns_max> starts_{};
  std::size_t fields_ = 0;
};

}  // namespace atelier::etl
