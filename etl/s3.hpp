// Buckets: where an object is to be asked for, and which objects there are.
#pragma once

#include "etl/aws_settings.hpp"
#include "etl/http_source.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

struct s3_place {
  std::string bucket;
  std::string key;  // or the beginning of keys; may be empty
};

/// Reads "s3://bucket/key"; nothing if there is no bucket.
std::optional<s3_place> parse_s3(std::string_view address);

struct s3_object {
  std::string key;
  std::uint64_t bytes = 0;
};

/// One page of a list of objects.
struct s3_page {
  std::vector<s3_object> objects;
  std::string next;  // where the next page begins; empty: this was the last
};

/// Reads the answer to ListObjectsV2; nothing if it is none.
std::optional<s3_page> parse_s3_page(std::string_view xml);

/// Percent-encoded as Signature Version 4 wants it: everything but letters, digits and -_.~ (and / in a
/// path).
std::string s3_encoded(std::string_view text, bool is_path);

/// The address of a bucket's object, or of the bucket: the bucket in the host's name at Amazon's, in the path
/// elsewhere and where its name has dots.
std::string s3_url(const aws_settings& settings, const std::string& bucket, std::string_view key);

http_request s3_object_request(const aws_settings& settings, const s3_place& place);

/// All objects whose keys begin so, however many pages they fill. `status` is that of the last answer, 0 if
/// none came. Errors as of open_http.
result<std::vector<s3_object>> list_s3(const aws_settings& settings, const s3_place& place, long& status);

}  // namespace atelier::etl
