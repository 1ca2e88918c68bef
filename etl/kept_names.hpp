// Texts of which mostly the same few come again and again, each kept once.
#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace atelier::etl {

/// Names by number, from 1. The first that come, up to so many bytes, are kept in memory and found again;
/// those beyond are written to an unnamed temporary file, as often as they come, and cost 8 bytes each.
class kept_names {
 public:
  static constexpr std::size_t in_memory_bytes = 16 << 20;
  static constexpr std::size_t bytes_of_each = 128;  // at most, besides its letters

  kept_names() = default;
  kept_names(const kept_names&) = delete;
  kept_names& operator=(const kept_names&) = delete;
  ~kept_names();

  /// The number of a name. Errors: the temporary file's.
  result<std::uint32_t> number_of(std::string_view name);

  /// The name of a number. What has to be read is put into `own`, which it lives as long as.
  result<std::string_view> name_of(std::uint32_t number, std::deque<std::string>& own);

 private:
  static constexpr std::uint32_t is_on_disk = std::uint32_t{1} << 31;
  static constexpr std::size_t unwritten_bytes = 1 << 20;
  result<std::uint32_t> write_down(std::string_view name);
  result<> flush();

  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::string_view> in_memory_;  // the keys above
  std::size_t bytes_ = 0;                    // of those in memory
  int descriptor_ = -1;                      // none: all are in memory
  std::vector<std::uint64_t> ends_;          // of those on the disk
  std::string unwritten_;                    // the last of them
  std::uint64_t written_ = 0;
};

}  // namespace atelier::etl
