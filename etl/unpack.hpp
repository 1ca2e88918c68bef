// Compressed streams, told by their content and never by their name.
#pragma once

#include "etl/source.hpp"

#include <memory>
#include <string_view>

namespace atelier::etl {

enum class packing { none, gzip, zstd, zip };

inline constexpr std::size_t packing_bytes = 4;  // of a stream, that tell how it is packed

packing packing_of(std::string_view first_bytes);

/// What these bytes are, if they are no text and nothing that is unpacked here, for a message; empty: a text,
/// perhaps a damaged one. For bytes that are not UTF-16.
std::string_view binary_kind(std::string_view beginning);

/// The bytes inside a gzip or zstd stream, of any number of members. `from` is borrowed. Errors: damaged, a
/// checksum that is not right, an end in the middle.
std::unique_ptr<byte_source> unpacked(packing how, std::string name, byte_source& from);

}  // namespace atelier::etl
