// The rows of an answer in PostgreSQL's binary format, read in place.
#pragma once

#include "db/pg.hpp"

#include <boost/smart_ptr/local_shared_ptr.hpp>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace atelier::db {

/// Reads an integer in network byte order.
template <class T>
T from_network(const char* at) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<std::make_unsigned_t<T>>(static_cast<std::uint64_t>(value) << 8 |
                                                 static_cast<unsigned char>(at[i]));
  return static_cast<T>(value);
}

/// The elements of a one-dimensional array, one after the other (array_send in PostgreSQL's sources). A null
/// array has none.
class array_reader {
 public:
  explicit array_reader(std::string_view bytes) : rest_(bytes) {
    if (bytes.size() < 20 || from_network<std::int32_t>(bytes.data()) != 1) return;
    left_ = from_network<std::int32_t>(bytes.data() + 12);
    rest_.remove_prefix(20);
  }

  std::size_t left() const { return static_cast<std::size_t>(left_); }

  /// The next element's bytes; a null one has a null data pointer. Only while left() is not 0.
  std::string_view next() {
    const auto length = from_network<std::int32_t>(rest_.data());
    rest_.remove_prefix(4);
    --left_;
    if (length < 0) return {};
    const auto element = rest_.substr(0, static_cast<std::size_t>(length));
    rest_.remove_prefix(element.size());
    return element;
  }
  std::int64_t next_int8() { return from_network<std::int64_t>(next().data()); }

 private:
  std::string_view rest_;
  std::int32_t left_ = 0;
};

/// Columns are counted from 0 and must have the type asked for: the statement is ours, so a mismatch is a
/// bug.
class answer {
 public:
  answer() = default;
  explicit answer(pg_result result)
      : result_(result.release(), clear_result()), rows_(result_ ? PQntuples(result_.get()) : 0) {}

  int size() const { return rows_; }
  bool empty() const { return size() == 0; }
  bool is_null(int row, int column) const {
    return PQgetisnull(result_.get(), first_row_ + row, first_column_ + column) != 0;
  }

  std::int64_t int8(int row, int column) const { return from_network<std::int64_t>(at(row, column)); }
  std::int32_t int4(int row, int column) const { return from_network<std::int32_t>(at(row, column)); }
  std::int16_t int2(int row, int column) const { return from_network<std::int16_t>(at(row, column)); }
  bool boolean(int row, int column) const { return *at(row, column) != 0; }
  std::string_view text(int row, int column) const {
    const int length = PQgetlength(result_.get(), first_row_ + row, first_column_ + column);
    return {at(row, column), static_cast<std::size_t>(length)};
  }
  array_reader array(int row, int column) const { return array_reader(text(row, column)); }

  /// A timestamptz as milliseconds since 1970 (PostgreSQL counts microseconds since 2000), rounded down.
  std::int64_t milliseconds(int row, int column) const {
    constexpr std::int64_t from_1970_to_2000 = 946'684'800'000'000;
    const auto microseconds = int8(row, column) + from_1970_to_2000;
    return microseconds >= 0 ? microseconds / 1000 : (microseconds - 999) / 1000;
  }

  /// Of rows that begin with an int8 and ascend by it: takes those from the front where it is `number`,
  /// without it. They share this answer's memory.
  answer take_front(std::int64_t number) {
    answer front = *this;
    front.rows_ = 0;
    while (front.rows_ < rows_ && int8(front.rows_, 0) == number) ++front.rows_;
    ++front.first_column_;
    first_row_ += front.rows_;
    rows_ -= front.rows_;
    return front;
  }

 private:
  const char* at(int row, int column) const {
    return PQgetvalue(result_.get(), first_row_ + row, first_column_ + column);
  }

  boost::local_shared_ptr<PGresult> result_;  // one thread: its count is no atomic
  int rows_ = 0;
  int first_row_ = 0;
  int first_column_ = 0;
};

}  // namespace atelier::db
