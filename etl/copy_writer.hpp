// Rows into one table by COPY BINARY.
#pragma once

#include "db/session.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

/// Encodes rows as PostgreSQL's binary COPY format wants them and sends them in large pieces.
/// The first failure is kept; what is written after it is dropped, and finish() tells it.
class copy_writer {
 public:
  static constexpr std::size_t buffer_bytes = 256 << 10;  // sent when this full
  static constexpr std::int32_t int8_oid = 20;            // of types, which arrays name
  static constexpr std::int32_t text_oid = 25;

  /// `into`: the table and its columns, "atelier_next.reviews (id, …)". The session is borrowed until
  /// finish().
  static result<copy_writer> start(db::session& session, std::string_view into, bool freeze);

  void begin_row(std::int16_t columns) { put(columns); }
  void null() { put(std::int32_t{-1}); }
  void int64(std::int64_t v) { sized(v); }
  void int32(std::int32_t v) { sized(v); }
  void int16(std::int16_t v) { sized(v); }
  void boolean(bool v) { sized(static_cast<std::int8_t>(v)); }
  void text(std::string_view v);
  void text_or_null(std::string_view v, bool none) { none ? null() : text(v); }
  /// Milliseconds since 1970, into a timestamptz.
  void moment(std::int64_t epoch_ms) { sized((epoch_ms - 946'684'800'000) * 1000); }
  void int64_array(std::span<const std::int64_t> items);
  void text_array(std::span<const std::string_view> items, std::span<const bool> is_null = {});
  /// Of each item the part that `of` tells.
  template <class Item, class Of>
  void int64_array(std::span<const Item> items, Of of) {
    const auto at = begin_array(int8_oid, items.size(), false);
    for (const auto& item : items) int64(std::invoke(of, item));
    end_array(at);
  }
  template <class Item, class Of>
  void text_array(std::span<const Item> items, Of of) {
    const auto at = begin_array(text_oid, items.size(), false);
    for (const auto& item : items) text(std::invoke(of, item));
    end_array(at);
  }
  void end_row() {
    ++rows_;
    if (buffer_.size() >= buffer_bytes) send();
  }

  /// Ends the stream; the number of rows that PostgreSQL has taken.
  result<std::size_t> finish();
  /// Ends it so that nothing stays.
  void abandon(const std::string& reason);
  bool failed() const { return problem_.has_value(); }

 private:
  explicit copy_writer(db::session& session) : session_(&session) {
    buffer_.reserve(buffer_bytes + (64 << 10));
  }

  template <class T>
  static T swapped(T v) {
    if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(v)));
    if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(v)));
    if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(v)));
    return v;
  }
  template <class T>
  void put(T v) {
    v = swapped(v);
    buffer_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  // Its size and itself, in one step: most of what a load writes.
  template <class T>
  void sized(T v) {
    const auto size = swapped(static_cast<std::int32_t>(sizeof(T)));
    v = swapped(v);
    char both[sizeof size + sizeof(T)];
    std::memcpy(both, &size, sizeof size);
    std::memcpy(both + sizeof size, &v, sizeof(T));
    buffer_.append(both, sizeof both);
  }
  std::size_t begin_array(std::int32_t type, std::size_t items, bool has_null);
  void end_array(std::size_t at);
  void send();

  db::session* session_;
  std::string buffer_;
  std::size_t rows_ = 0;
  std::optional<failure> problem_;
};

}  // namespace atelier::etl
