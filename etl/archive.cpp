#include "etl/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <vector>

namespace atelier::etl {
namespace {

constexpr std::size_t packed_bytes = 128 << 10;  // asked of the source at a time

struct free_archive {
  void operator()(archive* a) const noexcept { archive_read_free(a); }
};
using reading_archive = std::unique_ptr<archive, free_archive>;

std::string reason(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "no reason given";
}

// The bytes of the entry that the archive stands at.
class entry_source final : public byte_source {
 public:
  entry_source(std::string name, reading_archive from, std::optional<std::uint64_t> size)
      : name_(std::move(name)), from_(std::move(from)), size_(size) {}

  result<std::size_t> read(std::span<char> space) override {
    const auto got = archive_read_data(from_.get(), space.data(), space.size());
    if (got < 0)
      return fail("'{}' cannot be unpacked: {}; fetch or make it again", name_, reason(from_.get()));
    return static_cast<std::size_t>(got);
  }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::string name_;
  reading_archive from_;
  std::optional<std::uint64_t> size_;
};

// A stream is opened when it is first read, since that can fail.
class zstd_source final : public byte_source {
 public:
  zstd_source(std::string name, byte_source& from)
      : name_(std::move(name)), from_(from), packed_(packed_bytes) {}

  result<std::size_t> read(std::span<char> space) override {
    if (!stream_)
      if (auto opened = open(); !opened) return opened.error();
    if (is_empty_) return std::size_t{0};
    const auto got = archive_read_data(stream_.get(), space.data(), space.size());
    if (problem_) return *problem_;
    if (got < 0)
      return fail("'{}' is a damaged zstd stream ({}): fetch or make it again", name_, reason(stream_.get()));
    return static_cast<std::size_t>(got);
  }

 private:
  result<> open() {
    stream_.reset(archive_read_new());
    archive_read_append_filter(stream_.get(), ARCHIVE_FILTER_ZSTD);  // it would not know a skippable frame
    archive_read_support_format_raw(stream_.get());
    archive_read_support_format_empty(stream_.get());
    archive_entry* entry = nullptr;
    // A short stream that is cut is opened with success, as an empty one; only the error tells.
    if (archive_read_open(stream_.get(), this, nullptr, &give, nullptr) == ARCHIVE_OK &&
        archive_errno(stream_.get()) == 0) {
      const int state = archive_read_next_header(stream_.get(), &entry);
      is_empty_ = state == ARCHIVE_EOF;
      if (state == ARCHIVE_OK || is_empty_) return {};
    }
    if (problem_) return *problem_;
    return fail("'{}' is a damaged zstd stream ({}): fetch or make it again", name_, reason(stream_.get()));
  }

  static la_ssize_t give(archive* stream, void* self, const void** bytes) {
    auto& us = *static_cast<zstd_source*>(self);
    const auto got = us.from_.read(us.packed_);
    if (!got) {
      us.problem_ = got.error();
      archive_set_error(stream, EIO, "%s", us.problem_->what.c_str());
      return -1;
    }
    *bytes = us.packed_.data();
    return static_cast<la_ssize_t>(*got);
  }

  std::string name_;
  byte_source& from_;
  std::vector<char> packed_;
  reading_archive stream_;
  bool is_empty_ = false;
  std::optional<failure> problem_;
};

result<reading_archive> open_zip(const std::string& path) {
  reading_archive zip(archive_read_new());
  archive_read_support_format_zip_seekable(zip.get());  // wants its directory, so that a cut file is noticed
  if (archive_read_open_filename(zip.get(), path.c_str(), packed_bytes) != ARCHIVE_OK)
    return fail("'{}' cannot be unpacked: {}; fetch or make it again", path, reason(zip.get()));
  return zip;
}

std::optional<std::uint64_t> size_of(archive_entry* entry) {
  if (!archive_entry_size_is_set(entry)) return std::nullopt;
  return static_cast<std::uint64_t>(archive_entry_size(entry));
}

std::string name_of(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  return name ? name : "";
}

}  // namespace

std::unique_ptr<byte_source> open_zstd(std::string name, byte_source& from) {
  return std::make_unique<zstd_source>(std::move(name), from);
}

result<std::vector<zip_member>> members_of_zip(const std::string& path) {
  auto zip = open_zip(path);
  if (!zip) return zip.error();
  std::vector<zip_member> members;
  archive_entry* entry = nullptr;
  for (;;) {
    const int state = archive_read_next_header(zip->get(), &entry);
    if (state == ARCHIVE_EOF) return members;
    if (state < ARCHIVE_WARN)
      return fail("'{}' cannot be unpacked: {}; fetch or make it again", path, reason(zip->get()));
    if (archive_entry_filetype(entry) == AE_IFREG) members.push_back({name_of(entry), size_of(entry)});
  }
}

result<std::unique_ptr<byte_source>> open_zip_member(const std::string& path, const std::string& member) {
  auto zip = open_zip(path);
  if (!zip) return zip.error();
  archive_entry* entry = nullptr;
  while (archive_read_next_header(zip->get(), &entry) >= ARCHIVE_WARN) {
    if (name_of(entry) != member) continue;
    const auto size = size_of(entry);
    return std::unique_ptr<byte_source>(
        std::make_unique<entry_source>(fmt::format("{}/{}", path, member), std::move(*zip), size));
  }
  return fail("'{}' has no '{}' any more: it was changed while it was read; start again", path, member);
}

}  // namespace atelier::etl
