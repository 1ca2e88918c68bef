#include "etl/sample_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

namespace atelier::etl {

result<sample_file> sample_file::create(const std::string& directory, const set_shape& shape,
                                        std::optional<damage> harm) {
  const std::string path = fmt::format("{}/{}.csv", directory, shape.name);
  std::string part = fmt::format("{}/.{}.csv.part", directory, shape.name);
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail("'{}' cannot be written: {}; choose another folder", part, std::strerror(errno));
  return sample_file(path, std::move(part), descriptor, shape, std::move(harm));
}

sample_file::sample_file(std::string path, std::string part, int descriptor, const set_shape& shape,
                         std::optional<damage> harm)
    : path_(std::move(path)),
      part_(std::move(part)),
      descriptor_(descriptor),
      shape_(&shape),
      harm_(std::move(harm)),
      buffer_(buffer_bytes + 2 * row_bytes_max),
      row_(buffer_.data()),
      end_(buffer_.data()) {
  if (harm_) {
    append(harm_->header());
  } else {
    for (const auto& c : shape.columns) word(c.name);
  }
  *end_++ = '\n';
  row_ = end_;
  fields_ = 0;
}

sample_file::sample_file(sample_file&& other) noexcept = default;

// A file that was moved from has an empty name.
sample_file::~sample_file() {
  if (part_.empty()) return;
  if (descriptor_ >= 0) ::close(descriptor_);
  ::unlink(part_.c_str());
}

void sample_file::number(std::uint64_t value) {
  start_field();
  end_ = std::to_chars(end_, end_ + 20, value).ptr;
}

void sample_file::write_out() {
  const char* from = buffer_.data();
  while (error_ == 0 && from < end_) {
    const auto written = ::write(descriptor_, from, static_cast<std::size_t>(end_ - from));
    if (written >= 0)
      from += written;
    else if (errno != EINTR)
      error_ = errno;
  }
  end_ = buffer_.data();
}

void sample_file::harm_row() {
  std::vector<std::string> fields;
  for (std::size_t f = 0; f < fields_; ++f)
    fields.emplace_back(starts_[f], f + 1 < fields_ ? starts_[f + 1] - 1 : end_);
  const std::string damaged = harm_->row(fields);
  if (damaged.empty() && row_ != buffer_.data()) {  // the row is lost: take its line end away too
    end_ = row_ - 1;
    return;
  }
  end_ = row_;
  append(damaged);
}

result<> sample_file::finish() {
  if (harm_) {
    append(harm_->last_row());
    if (harm_->ends_without_newline() && end_ > buffer_.data() && end_[-1] == '\n') --end_;
  }
  write_out();
  if (error_ == 0 && ::close(std::exchange(descriptor_, -1)) != 0) error_ = errno;
  if (error_ != 0)
    return fail("'{}' cannot be written: {}; nothing was left behind: make room, or choose another folder",
                part_, std::strerror(error_));
  return {};
}

result<> sample_file::publish() {
  if (std::rename(part_.c_str(), path_.c_str()) != 0)
    return fail("'{}' cannot be renamed to '{}': {}; choose another folder", part_, path_,
                std::strerror(errno));
  part_.clear();
  return {};
}

}  // namespace atelier::etl
