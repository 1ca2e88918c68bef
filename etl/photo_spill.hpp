// Photos wait here, on disk, until the row that they belong to comes by.
#pragma once

#include "core/result.hpp"
#include "etl/ids.hpp"
#include "etl/record_reader.hpp"
#include "etl/row.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace atelier::etl {

struct photo {
  std::int64_t id;
  std::string_view url;  // valid until the spill is asked again
};

/// One photo's row as it waits.
struct waiting_photo {
  std::int64_t id;
  std::int64_t parent;
  std::uint64_t line;
  std::uint64_t offset;
  repair_set repairs;
  std::uint32_t file;  // which of the inputs it came from
  bool is_echo;        // an earlier row of the same parent has the same id
  bool is_contested;   // a row of another parent has the same id; which of them counts is known at the end
  std::string_view raw;
  std::string_view url;
};

/// A photo travels in the row of its review or answer, and its own row comes from another file in whatever
/// order. So photos are read first, into an unnamed temporary file; what stays in memory is, for each parent,
/// where its last photo stands: each points to the one before.
///
/// Whether a photo counts depends on its parent, which nobody knows yet. Where two rows have one photo id,
/// the first whose parent is loaded counts: those are contested, are not given out by photos_of(), and are
/// left to be settled when all parents are known.
class photo_spill {
 public:
  static constexpr std::size_t window_bytes = 1 << 20;

  /// `is_wanted`: there are rows that ask for their photos; else nothing may be added.
  static result<photo_spill> create(bool is_wanted = true);
  photo_spill(photo_spill&& other) noexcept;
  photo_spill& operator=(photo_spill&&) = delete;
  ~photo_spill();

  bool is_wanted() const { return descriptor_ >= 0; }

  result<> add(const record& r, const row& values, std::uint32_t file);

  /// The photos of one parent by ascending id, without the contested ones.
  result<> photos_of(std::int64_t parent, std::vector<photo>& out);

  /// All photos in the order of their files. Errors: those of `see`, which end it.
  result<> for_each(const std::function<result<>(const waiting_photo&)>& see);

 private:
  struct head;
  explicit photo_spill(int descriptor) : descriptor_(descriptor) {}
  result<> flush();
  result<const char*> at(std::uint64_t position, std::size_t back);

  int descriptor_;
  std::vector<char> unwritten_;
  std::uint64_t written_ = 0;
  std::vector<char> window_;
  std::uint64_t window_begin_ = 0;
  id_map<std::uint64_t> last_of_;  // a parent's last photo: its position, plus one
  id_set seen_;
  id_set contested_;
  std::vector<char> own_;  // copies of the urls given out,
  std::vector<std::size_t> own_begins_;
};

}  // namespace atelier::etl
