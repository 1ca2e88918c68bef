#include "db/arguments.hpp"

#include "db/answer.hpp"

namespace atelier::db {
namespace {

// pg_type.dat of PostgreSQL.
constexpr std::uint32_t int8_type = 20;
constexpr std::uint32_t int2_type = 21;
constexpr std::uint32_t text_type = 25;

}  // namespace

void arguments::put(std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    bytes_.push_back(static_cast<char>(value >> shift & 0xff));
}

void arguments::put(std::string_view bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

void arguments::begin() { offsets_.push_back(static_cast<int>(bytes_.size())); }
void arguments::end() { lengths_.push_back(static_cast<int>(bytes_.size()) - offsets_.back()); }

arguments& arguments::add_int8(std::int64_t value) {
  begin();
  put(static_cast<std::uint64_t>(value), 8);
  end();
  return *this;
}

arguments& arguments::add_int4(std::int32_t value) {
  begin();
  put(static_cast<std::uint64_t>(value), 4);
  end();
  return *this;
}

arguments& arguments::add_int2(std::int16_t value) {
  begin();
  put(static_cast<std::uint64_t>(value), 2);
  end();
  return *this;
}

arguments& arguments::add_bool(bool value) {
  begin();
  put(value ? 1 : 0, 1);
  end();
  return *this;
}

arguments& arguments::add_text(std::string_view value) {
  begin();
  put(value);
  end();
  return *this;
}

arguments& arguments::add_null() {
  offsets_.push_back(-1);
  lengths_.push_back(0);
  return *this;
}

// array_recv in src/backend/utils/adt/arrayfuncs.c: dimensions, has-null flag, element type, then length and
// lower bound.
template <class T, class Put>
arguments& arguments::add_array(std::uint32_t element_type, std::span<const T> values, Put put_one) {
  begin();
  put(values.empty() ? 0 : 1, 4);
  put(0, 4);
  put(element_type, 4);
  if (!values.empty()) {
    put(values.size(), 4);
    put(1, 4);
  }
  for (const auto& value : values) put_one(value);
  end();
  return *this;
}

arguments& arguments::add_int8_array(std::span<const std::int64_t> values) {
  return add_array(int8_type, values, [this](std::int64_t value) {
    put(8, 4);
    put(static_cast<std::uint64_t>(value), 8);
  });
}

arguments& arguments::add_int2_array(std::span<const std::int16_t> values) {
  return add_array(int2_type, values, [this](std::int16_t value) {
    put(2, 4);
    put(static_cast<std::uint64_t>(value), 2);
  });
}

arguments& arguments::add_text_array(std::span<const std::string> values) {
  return add_array(text_type, values, [this](const std::string& value) {
    put(value.size(), 4);
    put(std::string_view(value));
  });
}

std::int64_t arguments::int8_at(std::size_t i) const {
  return from_network<std::int64_t>(bytes_.data() + offsets_[i]);
}

arguments& arguments::add_from(const arguments& other, std::size_t i) {
  if (other.offsets_[i] < 0) return add_null();
  return add_text({other.bytes_.data() + other.offsets_[i], static_cast<std::size_t>(other.lengths_[i])});
}

std::span<const char* const> arguments::values() const {
  values_.clear();
  for (const int offset : offsets_) values_.push_back(offset < 0 ? nullptr : bytes_.data() + offset);
  return {values_.data(), values_.size()};
}

}  // namespace atelier::db
