#include "etl/unpack.hpp"

#include "etl/archive.hpp"

#include <zlib.h>

#include <algorithm>
#include <vector>

namespace atelier::etl {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t packed_bytes = 128 << 10;  // asked of the source at a time
constexpr std::size_t controls_of_binary = 16;   // control characters: so many, and
constexpr std::size_t bytes_a_control = 32;      // one among so many bytes; packed bytes have one among ten

// By zlib itself: libarchive does not look at gzip's checksum.
class gzip_source final : public byte_source {
 public:
  gzip_source(std::string name, byte_source& from)
      : name_(std::move(name)), from_(from), packed_(packed_bytes) {
    usable_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~gzip_source() override { inflateEnd(&stream_); }

  result<std::size_t> read(std::span<char> space) override {
    if (!usable_) return fail("'{}' cannot be unpacked: no memory; read fewer at a time (--jobs)", name_);
    stream_.next_out = reinterpret_cast<Bytef*>(space.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(space.size(), 1 << 30));
    const auto wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      if (stream_.avail_in == 0) {
        const auto got = from_.read(packed_);
        if (!got) return got.error();
        stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
        stream_.avail_in = static_cast<uInt>(*got);
        if (*got == 0) {
          if (between_members_) return std::size_t{0};
          return fail("'{}' ends in the middle of its gzip stream: fetch or make it again", name_);
        }
      }
      if (between_members_ && stream_.next_in[0] == 0) {  // padding behind the last member
        ++stream_.next_in;
        --stream_.avail_in;
        continue;
      }
      between_members_ = false;
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_STREAM_END) {
        between_members_ = true;
        inflateReset(&stream_);
      } else if (state != Z_OK && state != Z_BUF_ERROR) {
        return fail("'{}' is a damaged gzip stream ({}): fetch or make it again", name_,
                    stream_.msg ? stream_.msg : "a checksum is not right");
      }
    }
    return static_cast<std::size_t>(wanted - stream_.avail_out);
  }

 private:
  std::string name_;
  byte_source& from_;
  std::vector<char> packed_;
  z_stream stream_{};
  bool usable_ = false;
  bool between_members_ = false;
};

// RFC 8878, 3.1.2: sixteen magic numbers, little-endian. pzstd begins each of its frames with such a one.
bool begins_with_skippable_frame(std::string_view head) {
  return head.size() >= 4 && (head[0] & 0xF0) == 0x50 && head.substr(1, 3) == "\x2a\x4d\x18"sv;
}

// What is no text and not unpacked here, by what stands at a place of it.
struct sign {
  std::size_t at;
  std::string_view bytes;
  std::string_view what;
};
constexpr sign signs[] = {
    {0, "\xfd\x37zXZ\0"sv, "an xz stream"},     {4, "1AY&SY"sv, "a bzip2 stream"},
    {0, "\x04\x22\x4d\x18"sv, "an lz4 stream"}, {0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive"},
    {0, "Rar!\x1a\x07"sv, "a RAR archive"},     {257, "ustar"sv, "a tar archive"}};

// Those that no line of text has: a damaged row may have one or two.
bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v';
}

}  // namespace

std::string_view binary_kind(std::string_view head) {
  for (const auto& one : signs)
    if (head.size() >= one.at && head.substr(one.at).starts_with(one.bytes)) return one.what;
  const auto controls = static_cast<std::size_t>(std::count_if(head.begin(), head.end(), is_control));
  return controls >= controls_of_binary && controls * bytes_a_control >= head.size() ? "binary data" : "";
}

packing packing_of(std::string_view head) {
  if (head.starts_with("\x1f\x8b"sv)) return packing::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv) || begins_with_skippable_frame(head)) return packing::zstd;
  if (head.starts_with("PK\x03\x04"sv) || head.starts_with("PK\x05\x06"sv)) return packing::zip;
  return packing::none;
}

std::unique_ptr<byte_source> unpacked(packing how, std::string name, byte_source& from) {
  if (how == packing::gzip) return std::make_unique<gzip_source>(std::move(name), from);
  return open_zstd(std::move(name), from);
}

}  // namespace atelier::etl
