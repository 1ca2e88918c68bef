// From bytes to records: RFC 4180 in any dialect, and what real files do to it.
#pragma once

#include "etl/dialect.hpp"
#include "etl/encoding.hpp"
#include "etl/field_ends.hpp"
#include "etl/quoting.hpp"
#include "etl/source.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

inline constexpr std::size_t record_bytes_max = 1 << 20;  // a longer record is rejected by a load

enum class record_fault : std::uint8_t { none, bad_quoting, too_long };

/// One record; valid until the reader's next step.
struct record {
  static constexpr std::size_t padding_bytes = field_ends::block_bytes;

  /// As it came, without its line end; the beginning only if it is too long. Behind it padding_bytes are
  /// readable, whatever they are.
  std::string_view raw;
  std::span<const field> fields;
  std::uint64_t line = 0;    // its first physical line, from 1
  std::uint64_t offset = 0;  // its first byte in the stream, from 0, a byte-order mark included
  record_fault fault = record_fault::none;
  bool has_stray_quote = false;  // a quote inside a field that has none round it; taken as it stands
  bool is_text = false;          // known to be UTF-8 without NUL
  bool follows_blank_line = false;

  std::string_view bytes(const field& f) const { return {raw.data() + f.begin, f.end - f.begin}; }
};

/// Splits a stream into records, whatever its chunks are: all that it knows between two bytes is in its
/// state.
///
/// LF, CRLF and CR end a record, also mixed; blank lines are none. A quote that breaks the rules damages its
/// record: that ends at the first line end behind the quote that opened, and reading goes on there, so that
/// an unterminated quote costs its own record. What was well quoted before is never split. Memory: one
/// record, what is looked at behind one that is too long, and one chunk.
///
/// Records that keep the rules are taken whole from where their fields end, which is found 64 bytes at a time
/// (field_ends.hpp); all others go through the states below, from their first byte.
class record_reader {
 public:
  static constexpr std::size_t chunk_bytes = 128 << 10;  // asked of the source at a time; stays in the cache
  static constexpr std::size_t ahead_bytes_max = 1 << 20;  // looked at for the end of a text that is too long

  /// Offsets are those of what is stored, also if the source makes UTF-8 of it. `bytes_max`: of a record.
  explicit record_reader(byte_source& source, dialect how = {}, std::size_t bytes_max = record_bytes_max);

  /// How many columns a good record has; tells an unterminated quote from a long text. 0: not known yet.
  void expect_columns(std::size_t columns) { columns_ = columns; }

  /// The next record, or null at the end. Errors: what the source says.
  result<const record*> next();

  const dialect& how() const { return dialect_; }

 private:
  enum class state : std::uint8_t {
    field_start,
    blank_before,  // blanks at the start of a field: a quote may follow
    bare,
    quoted,
    escaped,       // behind an escape sign inside quotes
    quote_seen,    // a quote inside quotes: it closes, or is the first of two
    blank_behind,  // blanks behind a closing quote
    damaged,       // looking for the line end where the damaged record stops
  };
  enum class step : std::uint8_t { more, complete };
  enum class delimiter_here : std::uint8_t { no, yes, unknown };  // unknown: its last bytes have not arrived

  result<bool> read_carefully();
  bool take_quickly();
  bool settle_quotes(field& f) const;
  step scan();
  step finish_at_end();
  step end_record(std::size_t end, bool at_line_end);
  step end_unless_unterminated(std::size_t end, bool at_line_end);
  step damage(std::size_t opened);
  std::optional<std::size_t> unterminated_quote() const;
  bool closed_by_accident(std::size_t index, std::size_t line_end) const;
  bool first_line_is_row(std::size_t index, std::size_t begin) const;
  step find_damaged_end();
  bool may_have_swallowed_rows() const;
  bool must_look_ahead() const;
  bool ends_ahead() const;
  step too_long();
  void open_field();
  void close_field(std::size_t end, quoting how);
  void close_quoted(std::size_t end);
  void begin_record();
  bool fill(failure& problem);
  bool is_blank_line() const;
  delimiter_here delimiter_at(std::size_t at) const;
  void advance(std::size_t to);
  std::uint64_t lines_within(std::size_t from, std::size_t to) const;

  // What a byte may mean. Inside a bare or a quoted field, bytes of no class are passed over in a tight loop.
  enum byte_class : std::uint8_t { ends_bare = 1, ends_quoted = 2, blank = 4 };
  bool is(char c, byte_class wanted) const { return (classes_[static_cast<unsigned char>(c)] & wanted) != 0; }

  byte_source& source_;
  dialect dialect_;
  encoding stored_;  // how all bytes so far are, from the first that is not ASCII on
  std::array<std::uint8_t, 256> classes_{};
  bool quick_;                                         // the dialect is one that parity is enough for
  unsigned quick_quote_;                               // its quote; if it has none, what is no byte
  static constexpr std::size_t quick_fields_max = 64;  // of a record that is taken quickly
  const std::size_t bytes_max_;                        // of a record
  const std::size_t buffer_bytes_;                     // a block may be read behind them
  std::unique_ptr<char[]> buffer_;
  field_ends ends_;
  std::size_t begin_ = 0;     // of the record under way
  std::size_t at_ = 0;        // the next byte to look at
  std::size_t filled_ = 0;    // bytes in the buffer
  std::uint64_t offset_ = 0;  // of begin_ in the stream
  std::uint64_t line_ = 1;    // of begin_
  std::size_t columns_ = 0;
  state state_ = state::field_start;
  std::size_t field_begin_ = 0;  // relative to begin_, like all below
  std::size_t open_quote_ = 0;   // of the last field that had one
  std::size_t damage_seek_ = 0;
  bool doubled_ = false;
  bool escaped_ = false;
  bool padded_ = false;
  bool many_lines_ = false;
  bool skip_lf_ = false;              // a CR ended the last record; an LF belongs to it
  bool started_ = false;              // the byte-order mark has been looked for
  bool ended_ = false;                // the source has no more
  std::uint64_t dropped_ = 0;         // bytes of a too long record that are gone
  std::uint64_t dropped_offset_ = 0;  // where it began
  std::uint64_t dropped_lines_ = 0;
  char dropped_last_ = 0;
  std::string prefix_;  // what is kept of it
  std::vector<field> fields_;
  std::size_t field_count_ = 0;  // of them, how many the record has
  record record_;
};

}  // namespace atelier::etl
