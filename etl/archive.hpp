// What libarchive reads for us: zstd streams and the members of a zip file.
#pragma once

#include "etl/source.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

/// `from` is borrowed.
std::unique_ptr<byte_source> open_zstd(std::string name, byte_source& from);

struct zip_member {
  std::string name;
  std::optional<std::uint64_t> bytes;  // unpacked
};

/// The files in a zip file on this machine, in its order.
result<std::vector<zip_member>> members_of_zip(const std::string& path);

/// One of them. Errors while reading: damaged, encrypted, a checksum that is not right, an end in the middle.
result<std::unique_ptr<byte_source>> open_zip_member(const std::string& path, const std::string& member);

}  // namespace atelier::etl
