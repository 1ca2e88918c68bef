#include "app/api/routes.hpp"

#include <array>

namespace atelier::api {
namespace {

constexpr std::string_view reads = "GET, HEAD, OPTIONS";
constexpr std::string_view reads_and_posts = "GET, HEAD, POST, OPTIONS";
constexpr std::string_view puts = "PUT, OPTIONS";

constexpr std::string_view placeholder = "{id}";

struct entry {
  std::string_view pattern;  // {id} stands for one segment
  std::string_view methods;
  std::size_t placeholder_at = pattern.find(placeholder);
};

// In the order of the enumeration.
constexpr std::array<entry, route_count> table{{
    {"/reviews", reads_and_posts},
    {"/reviews/meta", reads},
    {"/reviews/{id}", reads},
    {"/reviews/{id}/helpful", puts},
    {"/reviews/{id}/report", puts},
    {"/qa/questions", reads_and_posts},
    {"/qa/questions/{id}/answers", reads_and_posts},
    {"/qa/questions/{id}/helpful", puts},
    {"/qa/questions/{id}/report", puts},
    {"/qa/answers/{id}/helpful", puts},
    {"/qa/answers/{id}/report", puts},
    {"/live", reads},
    {"/ready", reads},
    {"/openapi.json", reads},
    {"/docs", reads},
    {"/docs/{id}", reads},
    {"*", "GET, HEAD, POST, PUT, OPTIONS"},
    {"unknown", ""},
}};

// True if the path has the pattern's shape; sets the segment that stands for {id}.
bool fits(std::string_view path, const entry& shape, std::string_view& id) {
  const auto [pattern, methods, at] = shape;
  if (at == pattern.npos) return path == pattern;
  if (!path.starts_with(pattern.substr(0, at))) return false;
  const auto rest = path.substr(at);
  const auto end = std::min(rest.find('/'), rest.size());
  if (rest.substr(end) != pattern.substr(at + placeholder.size())) return false;
  id = rest.substr(0, end);
  return true;
}

}  // namespace

std::string_view name_of(route r) { return table[static_cast<std::size_t>(r)].pattern; }

matched match(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (std::size_t i = 0; i + 1 < route_count; ++i) {
    std::string_view id;
    if (fits(path, table[i], id)) return {static_cast<route>(i), id, path};
  }
  return {route::unknown, {}, path};
}

std::string_view allowed_methods(route r) { return table[static_cast<std::size_t>(r)].methods; }

bool allows(route r, http::method m) {
  const auto methods = allowed_methods(r);
  switch (m) {
    case http::method::get:
    case http::method::head:
      return methods.starts_with("GET");
    case http::method::post:
      return methods == reads_and_posts;
    case http::method::put:
      return methods == puts;
    case http::method::options:
      return !methods.empty();
    case http::method::other:
      break;
  }
  return false;
}

}  // namespace atelier::api
