#include "app/api/web_files.hpp"

namespace atelier::api {
namespace {

constexpr std::string_view specification = "openapi.json";
constexpr std::string_view page = "docs.html";

// The page runs its own files and asks its own origin, nothing else.
constexpr auto page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n";

// Asked for again by its ETag before each use, so that a new program is seen at once.
constexpr auto file_fields =
    "Cache-Control: no-cache\r\n"
    "X-Content-Type-Options: nosniff\r\n";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return http::json_type;
}

}  // namespace

std::optional<http::response> web_answer(route where, std::string_view file) {
  const bool by_name = where == route::docs_file;
  if (by_name && (file == specification || file == page)) return std::nullopt;  // they have their own paths
  const auto wanted = by_name ? file : where == route::docs ? page : specification;
  const auto found = content_of(web_files(), wanted);
  if (!found) return std::nullopt;
  http::response answer{.content_type = type_of(wanted), .fields = file_fields};
  if (where == route::docs) answer.fields += page_fields;
  answer.body = *found;
  return answer;
}

}  // namespace atelier::api
