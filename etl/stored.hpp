// A file as it is stored: how many bytes it has and their SHA-256, whatever is made of them further on.
#pragma once

#include "etl/source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace atelier::etl {

/// Counts and digests the bytes on their way.
class stored_source final : public byte_source {
 public:
  /// `is_digested`: its SHA-256 will be asked for.
  stored_source(std::unique_ptr<byte_source> from, bool is_digested);
  ~stored_source() override;

  result<std::size_t> read(std::span<char> space) override;
  std::optional<std::uint64_t> size() const override { return from_->size(); }

  std::uint64_t bytes_read() const { return bytes_; }

  /// Reads what the reader of an archive has left behind its end.
  result<> drain();
  /// SHA-256 of the bytes read, in hex; asked once, at the end. Empty if they are not digested.
  std::string sha256();

 private:
  struct digest;
  std::unique_ptr<byte_source> from_;
  std::unique_ptr<digest> digest_;  // null: nobody asks
  std::uint64_t bytes_ = 0;
};

}  // namespace atelier::etl
