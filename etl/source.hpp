// Where bytes come from.
#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace atelier::etl {

enum class encoding : std::uint8_t;

/// A stream of bytes, read once from the beginning to the end.
class byte_source {
 public:
  byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  virtual ~byte_source() = default;

  /// Fills at least one byte of a space that is not empty; 0 at the end.
  virtual result<std::size_t> read(std::span<char> space) = 0;

  /// All bytes there are, where that is known beforehand.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }

  /// How what was read so far is stored, if this source makes UTF-8 of it.
  virtual encoding stored_as() const;
};

/// A file on this machine. Errors: not there, unreadable, a folder.
result<std::unique_ptr<byte_source>> open_file(const std::string& path);

/// What is piped into this program; it can be opened once.
result<std::unique_ptr<byte_source>> open_standard_input();

/// Fills the whole space, or less at the end of the source.
result<std::size_t> read_fully(byte_source& source, std::span<char> space);

/// A text that is here already; it is borrowed.
class text_source final : public byte_source {
 public:
  explicit text_source(std::string_view text) : text_(text) {}
  result<std::size_t> read(std::span<char> space) override;

 private:
  std::string_view text_;  // what was not yet given
};

/// Gives bytes that were read already once more, then the rest of their source.
class replayed_source final : public byte_source {
 public:
  replayed_source(std::string first, byte_source& rest) : first_(std::move(first)), rest_(rest) {}
  result<std::size_t> read(std::span<char> space) override;
  std::optional<std::uint64_t> size() const override { return rest_.size(); }
  encoding stored_as() const override { return rest_.stored_as(); }

 private:
  std::string first_;
  std::size_t at_ = 0;
  byte_source& rest_;
};

}  // namespace atelier::etl
