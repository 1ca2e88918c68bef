#include "app/api/web_files.hpp"

#include "core/http/content_coding.hpp"

#include <fmt/format.h>

#include <map>

namespace atelier::api {
namespace {

constexpr std::string_view specification = "openapi.json";

// The page runs its own files and asks its own origin, nothing else; Swagger UI draws its icons from data.
constexpr auto page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n";

// Asked for again by its ETag before each use, so that a new program is seen at once.
constexpr auto file_fields =
    "Cache-Control: no-cache\r\n"
    "X-Content-Type-Options: nosniff\r\n";

// Swagger UI is in the program if npm was there when it was built.
std::string_view page() {
  static const bool with_swagger = content_of(web_files(), "swagger-ui-bundle.js.gz").has_value();
  return with_swagger ? "docs.html" : "plain.html";
}

// Pages and the specification have paths of their own, and how a file is kept is nobody's business.
bool has_a_name(std::string_view file) { return !file.ends_with(".html") && !file.ends_with(".gz"); }

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".json")) return http::json_type;
  return http::text_type;
}

// Hardly anybody wants it so; who does costs ten milliseconds once, and then 2 MB at most.
std::string_view unpacked(std::string_view packed) {
  static std::map<const char*, std::string> kept;
  auto& bytes = kept[packed.data()];
  if (bytes.empty()) bytes = http::gunzip(packed);
  return bytes;
}

}  // namespace

std::optional<http::response> web_answer(route where, std::string_view file, const http::field_list& fields) {
  const bool by_name = where == route::docs_file;
  if (by_name && (file == specification || !has_a_name(file))) return std::nullopt;
  const auto wanted = by_name ? file : where == route::docs ? page() : specification;
  http::response answer{.content_type = type_of(wanted), .fields = file_fields};
  if (where == route::docs) answer.fields += page_fields;
  if (const auto plain = content_of(web_files(), wanted)) {
    answer.body = *plain;
    return answer;
  }
  const auto packed = content_of(web_files(), fmt::format("{}.gz", wanted));
  if (!packed) return std::nullopt;
  answer.fields += "Vary: Accept-Encoding\r\n";
  const bool as_kept = http::accepts_gzip(fields);
  if (as_kept) answer.fields += http::gzip_field;
  answer.body = as_kept ? *packed : unpacked(*packed);
  return answer;
}

}  // namespace atelier::api
