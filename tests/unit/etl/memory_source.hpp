// Bytes of a test as a source that gives them in chunks of any size.
#pragma once

#include "etl/record_reader.hpp"

#include <string>
#include <vector>

namespace atelier::etl::test {

class memory_source final : public byte_source {
 public:
  memory_source(std::string_view all, std::size_t chunk) : all_(all), chunk_(chunk) {}
  result<std::size_t> read(std::span<char> space) override {
    const auto n = std::min({space.size(), chunk_, all_.size() - at_});
    std::copy_n(all_.data() + at_, n, space.data());
    at_ += n;
    return n;
  }

 private:
  std::string_view all_;
  std::size_t chunk_;
  std::size_t at_ = 0;
};

/// A record as a test compares it.
struct seen {
  std::vector<std::string> fields;  // decoded; of a damaged record none
  std::string raw;
  std::uint64_t line;
  std::uint64_t offset;
  record_fault fault;

  friend bool operator==(const seen&, const seen&) = default;
};

inline std::vector<seen> read_all(std::string_view bytes, std::size_t chunk = 1 << 20,
                                  std::size_t columns = 0, const dialect& written = {}) {
  memory_source source(bytes, chunk);
  record_reader reader(source, written);
  reader.expect_columns(columns);
  std::vector<seen> all;
  for (;;) {
    const auto next = reader.next();
    if (!next || !*next) return all;
    const record& r = **next;
    seen one{{}, std::string(r.raw), r.line, r.offset, r.fault};
    std::string scratch;
    scratch.reserve(r.raw.size());
    if (r.fault == record_fault::none)
      for (const auto& f : r.fields) {
        scratch.clear();
        one.fields.emplace_back(decode(r.bytes(f), reader.how(), f.how, scratch));
      }
    all.push_back(std::move(one));
  }
}

/// Only the fields.
inline std::vector<std::vector<std::string>> fields_of(std::string_view bytes, std::size_t chunk = 1 << 20,
                                                       const dialect& written = {}) {
  std::vector<std::vector<std::string>> all;
  for (auto& r : read_all(bytes, chunk, 0, written)) all.push_back(std::move(r.fields));
  return all;
}

}  // namespace atelier::etl::test
