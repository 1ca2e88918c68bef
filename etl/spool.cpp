#include "etl/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace atelier::etl {

const char* temporary_folder() {
  const char* named = std::getenv("TMPDIR");
  return named && *named ? named : "/var/tmp";  // /tmp may be memory
}

result<int> open_unnamed_file() {
  const char* folder = temporary_folder();
  int descriptor = ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) {  // a file system without unnamed files
    std::string name = std::string(folder) + "/atelier-etl-XXXXXX";
    descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor >= 0) ::unlink(name.c_str());
  }
  if (descriptor < 0)
    return fail("no temporary file can be made in '{}': {}; name another folder in TMPDIR", folder,
                std::strerror(errno));
  return descriptor;
}

result<> write_at(int descriptor, std::string_view bytes, std::uint64_t place) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return fail("the temporary file in '{}' cannot be written: {}; name another folder in TMPDIR",
                  temporary_folder(), std::strerror(errno));
    place += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

result<> read_at(int descriptor, std::span<char> space, std::uint64_t place) {
  while (!space.empty()) {
    const auto n = ::pread(descriptor, space.data(), space.size(), static_cast<off_t>(place));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail("the temporary file in '{}' cannot be read: {}; name another folder in TMPDIR",
                  temporary_folder(), std::strerror(errno));
    place += static_cast<std::uint64_t>(n);
    space = space.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

result<std::shared_ptr<const std::string>> spool(byte_source& stream) {
  const auto descriptor = open_unnamed_file();
  if (!descriptor) return descriptor.error();
  std::shared_ptr<const std::string> path(
      new std::string(fmt::format("/proc/{}/fd/{}", ::getpid(), *descriptor)),
      [d = *descriptor](const std::string* text) {
        delete text;
        ::close(d);
      });
  std::vector<char> space(256 << 10);
  for (;;) {
    const auto got = stream.read(space);
    if (!got) return got.error();
    if (*got == 0) return path;
    for (std::size_t done = 0; done < *got;) {
      const auto n = ::write(*descriptor, space.data() + done, *got - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0)
        return fail("the temporary copy in '{}' cannot be written: {}; name another folder in TMPDIR",
                    temporary_folder(), std::strerror(errno));
      done += static_cast<std::size_t>(n);
    }
  }
}

}  // namespace atelier::etl
