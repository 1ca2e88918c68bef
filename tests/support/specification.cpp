#include "support/specification.hpp"

#include "support/json_schema.hpp"
#include "support/temp_dir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace atelier::test {
namespace {

std::vector<std::string> segments(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  std::vector<std::string> all;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    all.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return all;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool fits(const std::vector<std::string>& path, const std::vector<std::string>& pattern, bool exactly) {
  return std::equal(path.begin(), path.end(), pattern.begin(), pattern.end(),
                    [=](const std::string& sent, const std::string& described) {
                      return sent == described || (!exactly && is_parameter(described) && !sent.empty());
                    });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

const specification& specification::of_the_sources() {
  static const specification only(read_file(ATELIER_SOURCES "/app/api/web/openapi.json"));
  return only;
}

specification::specification(std::string_view text) : document_(json::parse(text)) {}

const specification::json& specification::resolved(const json& node) const {
  if (!node.is_object() || !node.contains("$ref")) return node;
  const auto to = node["$ref"].get<std::string>();
  const json::json_pointer pointer(to.substr(1));
  if (!document_.contains(pointer)) throw std::runtime_error(to + " leads nowhere");
  return resolved(document_.at(pointer));
}

const specification::json* specification::path_item(std::string_view target) const {
  const auto path = path_of(target);
  return path ? &document_["paths"][*path] : nullptr;
}

std::optional<std::string> specification::path_of(std::string_view target) const {
  const auto sent = segments(target);
  for (const bool exactly : {true, false})
    for (const auto& [path, _] : document_["paths"].items())
      if (fits(sent, segments(path), exactly)) return path;
  return std::nullopt;
}

const specification::json* specification::operation(std::string_view method, std::string_view target) const {
  const auto* item = path_item(target);
  const auto verb = lower(method);
  // A method in small letters is another method, so it is not there.
  return item && item->contains(verb) && verb != method ? &(*item)[verb] : nullptr;
}

std::map<std::string, std::string> specification::path_parameters(std::string_view target) const {
  std::map<std::string, std::string> all;
  const auto path = path_of(target);
  if (!path) return all;
  const auto sent = segments(target);
  const auto described = segments(*path);
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (is_parameter(described[i])) all[described[i].substr(1, described[i].size() - 2)] = sent[i];
  return all;
}

bool specification::names_status(std::string_view method, std::string_view target, int status) const {
  const auto* described = operation(method, target);
  return described && (*described)["responses"].contains(std::to_string(status));
}

const specification::json& specification::response(std::string_view method, std::string_view target,
                                                   int status) const {
  const auto& of_every_path = document_["components"]["responses"]["HttpFault"];
  const auto* described = operation(method, target);
  if (!described) return of_every_path;
  const auto& responses = (*described)["responses"];
  const auto named = responses.find(std::to_string(status));
  if (named != responses.end()) return resolved(*named);
  return responses.contains("default") ? resolved(responses["default"]) : of_every_path;
}

bool specification::is_documented(std::string_view method, std::string_view target, int status) const {
  if (names_status(method, target, status)) return true;
  if (method == "HEAD" && names_status("GET", target, status)) return true;
  const auto& of_every_path = document_["components"]["schemas"]["HttpFaultStatus"]["enum"];
  return std::find(of_every_path.begin(), of_every_path.end(), status) != of_every_path.end();
}

std::vector<std::string> specification::faults(std::string_view method, std::string_view target,
                                               const http_answer& answer) const {
  std::vector<std::string> all;
  const auto blame = [&](std::string what) {
    all.push_back(fmt::format("{} {} {}: {}", method, target, answer.status, what));
  };
  const auto& described = response(method, target, answer.status);
  if (!is_documented(method, target, answer.status)) blame("this status is not documented");

  const auto headers = described.value("headers", json::object());
  for (const auto& [name, reference] : headers.items()) {
    const auto& header = resolved(reference);
    const auto sent = answer.header(name);
    if (!sent && header.value("required", false)) blame(name + " is missing");
    if (!sent) continue;
    for (const auto& fault : faults_of_value(*sent, header["schema"])) blame(name + ": " + fault);
  }
  if (answer.status == 405 && !answer.header("Allow")) blame("Allow is missing");
  if (method == "HEAD" || answer.status == 204 || answer.status == 304 || !described.contains("content")) {
    if (!answer.body.empty()) blame("a body that is not documented");
    return all;
  }

  const auto type = answer.header("Content-Type").value_or("");
  const auto media = described["content"].find(type.substr(0, type.find(';')));
  if (media == described["content"].end()) {
    blame("the type '" + type + "' is not documented");
    return all;
  }
  const bool is_json = media.key().ends_with("json");
  const auto value = is_json ? json::parse(answer.body, nullptr, false) : json(answer.body);
  if (value.is_discarded()) blame("the body is not JSON");
  for (const auto& fault : faults_of_value(value, (*media)["schema"])) blame(fault);
  return all;
}

std::vector<std::string> specification::faults_of_value(const json& value, const json& schema) const {
  return faults_by_schema(value, schema, document_, unknown_members::refused);
}

std::string specification::shape_of(std::string_view path) {
  std::string shape;
  for (const auto& segment : segments(path)) shape += is_parameter(segment) ? "/{}" : "/" + segment;
  return shape;
}

}  // namespace atelier::test
