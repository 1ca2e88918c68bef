#include "etl/source.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atelier::etl {
namespace {

struct free_digest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

class file_source final : public byte_source {
 public:
  file_source(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor), digest_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~file_source() override { ::close(descriptor_); }

  result<std::size_t> read(std::span<char> space) override {
    for (;;) {
      const auto got = ::read(descriptor_, space.data(), space.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail("'{}' cannot be read: {}", path_, std::strerror(errno));
      EVP_DigestUpdate(digest_.get(), space.data(), static_cast<std::size_t>(got));
      bytes_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
  }

  std::uint64_t bytes_read() const override { return bytes_; }

  std::string sha256() override {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(digest_.get(), sum, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", sum[i]);
    return hex;
  }

 private:
  std::string path_;
  int descriptor_;
  std::unique_ptr<EVP_MD_CTX, free_digest> digest_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

result<std::unique_ptr<byte_source>> open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail("'{}' cannot be read: {}", path, std::strerror(errno));
  struct stat about {};
  if (::fstat(descriptor, &about) != 0 || S_ISDIR(about.st_mode)) {
    ::close(descriptor);
    return fail("'{}' is not a file", path);
  }
  return std::unique_ptr<byte_source>(std::make_unique<file_source>(path, descriptor));
}

}  // namespace atelier::etl
