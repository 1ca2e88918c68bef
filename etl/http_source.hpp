// Bytes from a web server or an S3 service, by libcurl.
#pragma once

#include "etl/aws_settings.hpp"
#include "etl/source.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace atelier::etl {

/// What a server says of the file that it sends, as far as it says anything.
struct file_version {
  std::string tag;       // its ETag
  std::string modified;  // its Last-Modified, for servers that give no ETag
  std::optional<std::uint64_t> bytes;
};

struct http_request {
  std::string url;                 // path and query encoded as they are to be sent
  std::string shown;               // for messages: without keys and passwords
  std::optional<aws_settings> as;  // sign by AWS Signature Version 4 for the service s3
  /// Of whoever opens the file more than once: filled by the first answer, and all others must agree.
  std::shared_ptr<file_version> seen = nullptr;
  std::chrono::seconds silence_max{30};  // without a byte: the transfer is broken
};

/// GET, streamed. A transfer that breaks, stands still or is told to come back later (429, 5xx) is taken up
/// again where it was, by a range of the same version of the file. Errors: no such host, refused, a status
/// that is not 200; too many breaks without a byte between them; the file has changed meanwhile, or since it
/// was `seen`.
result<std::unique_ptr<byte_source>> open_http(http_request request);

/// GET of a small document, whole. `status` is that of the answer, 0 if none came. Errors as above; over
/// `bytes_max`.
result<std::string> read_http(http_request request, std::size_t bytes_max, long& status);

/// The address without user, password and query, for messages, logs and reports.
std::string shown_address(const std::string& url);

}  // namespace atelier::etl
