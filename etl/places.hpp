// From the words on a command line to streams: folders, globs, archives and buckets are taken apart here.
#pragma once

#include "core/result.hpp"
#include "etl/http_source.hpp"
#include "etl/stored.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

/// One stream of CSV bytes that can be opened, as often as one likes unless it is standard input or a pipe.
struct place {
  enum class kind { file, pipe, standard_input, http, s3 };

  kind where = kind::file;
  std::string shown = {};    // for people: without passwords
  std::string address = {};  // path, URL or s3://…
  std::string member = {};   // of a zip file; empty: the file itself
  bool from_many =
      false;  // found in a folder, a glob, an archive or a bucket: may be left out if none of ours
  std::optional<std::uint64_t> bytes = std::nullopt;  // as stored; of a member, unpacked
  std::shared_ptr<file_version> seen = nullptr;       // of a server's file: what it was when first opened
  std::shared_ptr<const std::string> spooled =
      nullptr;                                  // a copy on this machine: its path, while somebody has it
  std::shared_ptr<byte_source> once = nullptr;  // what flows by once: its bytes, for whoever comes first

  /// Its bytes come once: standard input, a named pipe, the /dev/fd/63 of a shell's <(…).
  bool flows_once() const { return where == kind::standard_input || where == kind::pipe; }
};

/// An open place: the stored bytes, counted, and what is inside them.
class opened_place {
 public:
  opened_place(std::unique_ptr<stored_source> stored, std::unique_ptr<byte_source> first,
               std::unique_ptr<byte_source> unpacked, std::optional<std::uint64_t> content_bytes)
      : stored_(std::move(stored)),
        first_(std::move(first)),
        unpacked_(std::move(unpacked)),
        content_bytes_(content_bytes) {}

  byte_source& content() { return unpacked_ ? *unpacked_ : *first_; }
  /// Bytes of the content, where that is known beforehand.
  std::optional<std::uint64_t> content_bytes() const { return content_bytes_; }
  stored_source& stored() { return *stored_; }

 private:
  std::unique_ptr<stored_source> stored_;
  std::unique_ptr<byte_source> first_;  // the stored bytes, or a member's, with those that told the packing
  std::unique_ptr<byte_source> unpacked_;
  std::optional<std::uint64_t> content_bytes_;
};

/// Opens it: gzip and zstd are unpacked, told by content, also those in a zip file; a zip file that is no
/// list of members is an error. `is_digested`: its SHA-256 will be asked for; it takes a third of the time of
/// reading.
result<std::unique_ptr<opened_place>> open_place(const place& where, bool is_digested);

/// All places that a word names, in the order of their names (reviews_2 before reviews_10): a file; a
/// folder's data files; what a glob matches; "-"; http(s)://…; s3://bucket/key, a glob of keys, or the
/// objects behind s3://bucket/prefix. Zip files become their members; those from elsewhere are copied to
/// TMPDIR first. `member`: of zip files only what has that name, whatever its ending, with or without its
/// folder. Errors: nothing there; unreadable.
result<std::vector<place>> find_places(const std::string& word, const std::string& member = {});

/// The one place that a word names. Errors: as above; several.
result<place> find_place(const std::string& word, const std::string& member);

/// "reviews_2" before "reviews_10".
bool natural_less(std::string_view a, std::string_view b);

/// reviews.csv, reviews.CSV.gz, data.zip: what is taken from a folder. No rejects of ours, no hidden file.
bool is_data_name(std::string_view path);

}  // namespace atelier::etl
