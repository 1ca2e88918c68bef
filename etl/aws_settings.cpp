#include "etl/aws_settings.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

namespace atelier::etl {
namespace {

using section = std::map<std::string, std::string>;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The lines `name = value` of one section of an INI file, or nothing if it is not there. Indented lines
// belong to a value of their own.
std::optional<section> section_of(const std::string& text, const std::string& wanted) {
  std::optional<section> found;
  bool inside = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto bare = trimmed(line);
    if (bare.empty() || bare.front() == '#' || bare.front() == ';') continue;
    if (bare.front() == '[') {
      inside = trimmed(bare.substr(1, bare.find(']') - 1)) == wanted;
      if (inside && !found) found.emplace();
    } else if (inside && line.front() != ' ' && line.front() != '\t') {
      if (const auto at = bare.find('='); at != std::string::npos)
        (*found)[trimmed(bare.substr(0, at))] = trimmed(bare.substr(at + 1));
    }
  }
  return found;
}

// "profile NAME"; of the default one plain "default" too, which AWS's own tools heed only without the other.
section config_of(const std::string& text, const std::string& profile) {
  if (auto found = section_of(text, "profile " + profile)) return std::move(*found);
  if (profile != "default") return {};
  return section_of(text, profile).value_or(section{});
}

void take_keys(const section& from, aws_settings& to) {
  const auto value = [&](const char* name) {
    const auto at = from.find(name);
    return at == from.end() ? std::string() : at->second;
  };
  if (!to.access_key.empty() || value("aws_access_key_id").empty()) return;
  to.access_key = value("aws_access_key_id");
  to.secret_key = value("aws_secret_access_key");
  to.session_token = value("aws_session_token");
}

}  // namespace

aws_surroundings surroundings_of_process() {
  return {[](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (!value || !*value) return std::nullopt;
            return value;
          },
          [](const std::string& path) -> std::optional<std::string> {
            std::ifstream file(path, std::ios::binary);
            if (!file) return std::nullopt;
            std::ostringstream text;
            text << file.rdbuf();
            return text.str();
          }};
}

aws_settings find_aws_settings(const aws_surroundings& around) {
  const auto either = [&](const char* one, const char* other) {
    const auto value = around.variable(one);
    return value ? value : around.variable(other);
  };
  const auto file = [&](const char* variable, const char* usual) {
    auto path = around.variable(variable);
    if (!path)
      if (const auto home = around.variable("HOME")) path = *home + usual;
    return path ? around.file(*path).value_or("") : std::string();
  };
  const auto profile = either("AWS_PROFILE", "AWS_DEFAULT_PROFILE").value_or("default");
  const auto credentials =
      section_of(file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"), profile).value_or(section{});
  const auto config = config_of(file("AWS_CONFIG_FILE", "/.aws/config"), profile);

  aws_settings found;
  const auto key = around.variable("AWS_ACCESS_KEY_ID"), secret = around.variable("AWS_SECRET_ACCESS_KEY");
  if (key && secret) {
    found.access_key = *key;
    found.secret_key = *secret;
    found.session_token = around.variable("AWS_SESSION_TOKEN").value_or("");
  }
  take_keys(credentials, found);
  take_keys(config, found);
  const auto from_config = [&](const char* name, const std::string& otherwise) {
    const auto at = config.find(name);
    return at == config.end() || at->second.empty() ? otherwise : at->second;
  };
  found.region = either("AWS_REGION", "AWS_DEFAULT_REGION").value_or(from_config("region", found.region));
  found.endpoint =
      either("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL").value_or(from_config("endpoint_url", ""));
  while (found.endpoint.ends_with('/')) found.endpoint.pop_back();
  return found;
}

}  // namespace atelier::etl
