#include "etl/source.hpp"

#include "etl/encoding.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace atelier::etl {
namespace {

class file_source final : public byte_source {
 public:
  file_source(std::string name, int descriptor, std::optional<std::uint64_t> size)
      : name_(std::move(name)), descriptor_(descriptor), size_(size) {
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~file_source() override { ::close(descriptor_); }

  result<std::size_t> read(std::span<char> space) override {
    for (;;) {
      const auto got = ::read(descriptor_, space.data(), space.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        return fail("'{}' cannot be read: {}; look at its disk, and start again", name_,
                    std::strerror(errno));
      return static_cast<std::size_t>(got);
    }
  }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::string name_;
  int descriptor_;
  std::optional<std::uint64_t> size_;
};

}  // namespace

encoding byte_source::stored_as() const { return encoding::utf8; }

result<std::unique_ptr<byte_source>> open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return fail("'{}' cannot be read: {}; check the path, and that this user may", path,
                std::strerror(errno));
  struct stat about {};
  if (::fstat(descriptor, &about) != 0 || S_ISDIR(about.st_mode)) {
    ::close(descriptor);
    return fail("'{}' is not a file: name one, a folder or a glob", path);
  }
  std::optional<std::uint64_t> size;
  if (S_ISREG(about.st_mode)) size = static_cast<std::uint64_t>(about.st_size);
  return std::unique_ptr<byte_source>(std::make_unique<file_source>(path, descriptor, size));
}

result<std::unique_ptr<byte_source>> open_standard_input() {
  const int descriptor = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  if (descriptor < 0)
    return fail("standard input cannot be read: {}; give a file instead", std::strerror(errno));
  return std::unique_ptr<byte_source>(
      std::make_unique<file_source>("standard input", descriptor, std::nullopt));
}

result<std::size_t> read_fully(byte_source& source, std::span<char> space) {
  std::size_t filled = 0;
  while (filled < space.size()) {
    const auto got = source.read(space.subspan(filled));
    if (!got) return got.error();
    if (*got == 0) break;
    filled += *got;
  }
  return filled;
}

result<std::size_t> text_source::read(std::span<char> space) {
  const auto n = std::min(space.size(), text_.size());
  std::copy_n(text_.data(), n, space.data());
  text_.remove_prefix(n);
  return n;
}

result<std::size_t> replayed_source::read(std::span<char> space) {
  if (at_ == first_.size()) {
    if (!first_.empty()) std::string().swap(first_);
    at_ = 0;
    return rest_.read(space);
  }
  const auto n = std::min(space.size(), first_.size() - at_);
  std::copy_n(first_.data() + at_, n, space.data());
  at_ += n;
  return n;
}

}  // namespace atelier::etl
