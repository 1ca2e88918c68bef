// Answers out of a stream of bytes. Shares no code with the servers that it watches.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::bench {

/// Reads one answer after the other. Reading is as strict as counting needs: a head that is no HTTP/1.x, a
/// length that is no number, a chunk size that is none are bad answers; the rest is the conformance tests'
/// business.
class answer_reader {
 public:
  enum class state { more, done, bad };

  static constexpr std::size_t head_bytes_max = 64 * 1024;
  static constexpr std::size_t kept_bytes_max = 64 * 1024 * 1024;

  /// Before each answer. `to_head`: the request was HEAD.
  void begin(bool to_head, bool keep_head, bool keep_body);

  /// Takes what belongs to this answer off the front of the input. Interim answers (1xx) are skipped.
  state feed(std::string_view& input);

  /// The connection ended: true if that is how the body ends.
  bool ends_with_connection() const { return stage_ == stage::body_to_end; }

  /// True when bytes of this answer have been seen.
  bool has_begun() const { return stage_ != stage::head || !partial_.empty(); }

  int status() const { return status_; }
  bool keeps_connection() const { return keeps_connection_; }
  std::uint64_t body_bytes() const { return body_bytes_; }
  const std::string& head() const { return head_; }  // with its blank line, if it was to be kept
  const std::string& body() const { return body_; }

 private:
  enum class stage { head, body, body_to_end, chunk_size, chunk, chunk_end, trailer };

  state read_head(std::string_view& input);
  bool parse_head(std::string_view head);
  bool parse_field(std::string_view line);
  state read_body(std::string_view& input);
  state read_chunk_size(std::string_view& input);
  state read_line(std::string_view& input);
  void take(std::string_view& input, std::uint64_t most);

  stage stage_ = stage::head;
  bool to_head_ = false, keep_head_ = false, keep_body_ = false;
  bool has_length_ = false, is_chunked_ = false, keeps_connection_ = true;
  int status_ = 0;
  std::uint64_t left_ = 0;  // of the body, or of this chunk
  std::uint64_t body_bytes_ = 0;
  std::string partial_;  // of a head or a line that came in pieces
  std::string head_, body_;
};

/// The value of the first field of that name (lower case) in a head; empty if there is none.
std::string_view field_of(std::string_view head, std::string_view name, bool& is_there);

}  // namespace atelier::bench
