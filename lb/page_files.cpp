#include "lb/page_files.hpp"

namespace atelier::lb {
namespace {

constexpr std::string_view page_name = "page.html";
constexpr std::string_view folder = "/page/";

// Its own files and its own origin, nothing else, and in no other page's frame. The charts place their parts
// by the CSSOM, which needs no 'unsafe-inline'.
constexpr std::string_view page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'\r\n"
    "Referrer-Policy: same-origin\r\n";

// Asked for again each time, so that a new program is seen at once.
constexpr std::string_view file_fields =
    "Cache-Control: no-cache\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return http::text_type;
}

}  // namespace

std::optional<std::string_view> page_at(std::string_view path) {
  if (path == "/") return content_of(web_files(), page_name);
  if (!path.starts_with(folder)) return std::nullopt;
  const auto name = path.substr(folder.size());
  return name == page_name ? std::nullopt : content_of(web_files(), name);  // the page has a path of its own
}

http::response page_answer(std::string_view path, std::string_view content) {
  const bool is_page = path == "/";
  http::response answer{.content_type = type_of(is_page ? page_name : path),
                        .fields = std::string(file_fields)};
  if (is_page) answer.fields += page_fields;
  answer.body = content;
  return answer;
}

}  // namespace atelier::lb
