#include "etl/kept_names.hpp"

#include "etl/spool.hpp"

#include <unistd.h>

namespace atelier::etl {

kept_names::~kept_names() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

result<std::uint32_t> kept_names::number_of(std::string_view name) {
  std::string key(name);
  if (const auto known = numbers_.find(key); known != numbers_.end()) return known->second;
  const auto bytes = name.size() + bytes_of_each;
  if (bytes_ + bytes > in_memory_bytes) return write_down(name);
  bytes_ += bytes;
  const auto number = static_cast<std::uint32_t>(in_memory_.size() + 1);
  in_memory_.push_back(numbers_.emplace(std::move(key), number).first->first);
  return number;
}

result<std::uint32_t> kept_names::write_down(std::string_view name) {
  if (descriptor_ < 0) {
    const auto made = open_unnamed_file();
    if (!made) return made.error();
    descriptor_ = *made;
  }
  unwritten_ += name;
  ends_.push_back(written_ + unwritten_.size());
  if (unwritten_.size() >= unwritten_bytes)
    if (auto flushed = flush(); !flushed) return flushed.error();
  return is_on_disk | static_cast<std::uint32_t>(ends_.size() - 1);
}

result<> kept_names::flush() {
  if (auto written = write_at(descriptor_, unwritten_, written_); !written) return written;
  written_ += unwritten_.size();
  unwritten_.clear();
  return {};
}

result<std::string_view> kept_names::name_of(std::uint32_t number, std::deque<std::string>& own) {
  if (!(number & is_on_disk)) return in_memory_[number - 1];
  if (auto flushed = flush(); !flushed) return flushed.error();
  const auto at = number & ~is_on_disk;
  const auto begin = at == 0 ? 0 : ends_[at - 1];
  auto& name = own.emplace_back(ends_[at] - begin, '\0');
  if (auto read = read_at(descriptor_, name, begin); !read) return read.error();
  return std::string_view(name);
}

}  // namespace atelier::etl
