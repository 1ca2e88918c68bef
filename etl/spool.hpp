// A copy on this machine of what can be read only once, or only from the beginning.
#pragma once

#include "core/result.hpp"
#include "etl/source.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace atelier::etl {

/// An unnamed temporary file in TMPDIR (or /var/tmp). Returns its descriptor.
result<int> open_unnamed_file();

/// All these bytes at a place of that file, and from there. Errors: of the file system.
result<> write_at(int descriptor, std::string_view bytes, std::uint64_t place);
result<> read_at(int descriptor, std::span<char> space, std::uint64_t place);

/// Copies a stream to its end. The path that is returned can be opened as long as the string lives.
result<std::shared_ptr<const std::string>> spool(byte_source& stream);

/// The folder of both, for messages.
const char* temporary_folder();

}  // namespace atelier::etl
