// The arguments of a prepared statement in PostgreSQL's binary format, owned until they are sent.
#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::db {

/// Built front to back: arguments().add_int8(7).add_text("x"). Formats: the type's *_recv function in
/// PostgreSQL's sources, integers in network byte order.
class arguments {
 public:
  arguments& add_int8(std::int64_t value);
  arguments& add_int4(std::int32_t value);
  arguments& add_int2(std::int16_t value);
  arguments& add_bool(bool value);
  arguments& add_text(std::string_view value);  // text and bytea
  arguments& add_null();
  arguments& add_int8_array(std::span<const std::int64_t> values);
  arguments& add_int2_array(std::span<const std::int16_t> values);
  arguments& add_text_array(std::span<const std::string> values);

  std::size_t size() const { return lengths_.size(); }
  /// What add_int8 was given.
  std::int64_t int8_at(std::size_t i) const;
  /// Appends argument `i` of another list.
  arguments& add_from(const arguments& other, std::size_t i);

  /// As PQsendQueryPrepared takes them; valid until the next call or the next add.
  std::span<const char* const> values() const;
  std::span<const int> lengths() const { return {lengths_.data(), lengths_.size()}; }

 private:
  void begin();
  void end();
  void put(std::uint64_t value, int bytes);
  void put(std::string_view bytes);
  template <class T, class Put>
  arguments& add_array(std::uint32_t element_type, std::span<const T> values, Put put_one);

  static constexpr std::size_t usual_count = 4;  // of a read: nothing is allocated

  boost::container::small_vector<char, 8 * usual_count> bytes_;
  boost::container::small_vector<int, usual_count> offsets_;  // -1: null
  boost::container::small_vector<int, usual_count> lengths_;
  mutable boost::container::small_vector<const char*, usual_count> values_;
};

}  // namespace atelier::db
