// Where bytes come from.
#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace atelier::etl {

/// A stream of bytes, read once from the beginning to the end.
class byte_source {
 public:
  byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  virtual ~byte_source() = default;

  /// Fills at least one byte of a space that is not empty; 0 at the end.
  virtual result<std::size_t> read(std::span<char> space) = 0;

  /// Bytes as stored, read so far.
  virtual std::uint64_t bytes_read() const = 0;
  /// SHA-256 of them in hex; asked once, at the end.
  virtual std::string sha256() { return {}; }
};

/// A file on this machine. Errors: not there, unreadable, a folder.
result<std::unique_ptr<byte_source>> open_file(const std::string& path);

}  // namespace atelier::etl
