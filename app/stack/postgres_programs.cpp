#include "app/stack/postgres_programs.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace atelier::stack {
namespace {

namespace fs = std::filesystem;

bool holds_both(const fs::path& folder) {
  return access((folder / "initdb").c_str(), X_OK) == 0 && access((folder / "postgres").c_str(), X_OK) == 0;
}

std::optional<int> whole_number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end == digits.data()) return std::nullopt;
  return value;
}

std::string first_line_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::array<char, 256> line{};
  return pipe && fgets(line.data(), line.size(), pipe.get()) ? line.data() : "";
}

std::optional<fs::path> folder_in_path() {
  const char* path = std::getenv("PATH");
  std::istringstream parts(path ? path : "");
  for (std::string folder; std::getline(parts, folder, ':');)
    if (!folder.empty() && holds_both(folder)) return folder;
  return std::nullopt;
}

}  // namespace

std::optional<postgres_programs> newest_postgres(const fs::path& versions, std::optional<int> wanted) {
  std::optional<postgres_programs> newest;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(versions, none)) {
    const auto major = whole_number(entry.path().filename().string());
    if (!major || *major < oldest_postgres || (wanted && *major != *wanted)) continue;
    if (newest && newest->major >= *major) continue;
    if (holds_both(entry.path() / "bin")) newest = postgres_programs{entry.path() / "bin", *major};
  }
  return newest;
}

std::optional<int> major_version(std::string_view answer) {
  constexpr std::string_view before = "(PostgreSQL) ";
  const auto at = answer.find(before);
  return at == std::string_view::npos ? std::nullopt : whole_number(answer.substr(at + before.size()));
}

result<postgres_programs> find_postgres(std::optional<int> made_by) {
  if (auto found = newest_postgres("/usr/lib/postgresql", made_by)) return std::move(*found);
  const int wanted = made_by.value_or(oldest_postgres);
  const auto folder = folder_in_path();
  const auto major = folder
                         ? major_version(first_line_of("'" + (*folder / "postgres").string() + "' --version"))
                         : std::nullopt;
  if (major && (made_by ? *major == *made_by : *major >= oldest_postgres))
    return postgres_programs{*folder, *major};
  if (made_by)
    return fail(
        "the data were made by PostgreSQL {0}, which is not installed: install the package postgresql-{0}, "
        "or start over with "
        "--reset, which deletes them",
        wanted);
  if (major)
    return fail(
        "the PostgreSQL in {} is of version {}, and atelier needs {} or newer: install the package "
        "postgresql-{}",
        folder->string(), *major, oldest_postgres, wanted);
  return fail(
      "PostgreSQL's server is not installed: neither /usr/lib/postgresql/*/bin nor PATH has initdb and "
      "postgres; install the "
      "package postgresql-{}",
      wanted);
}

result<std::optional<account>> postgres_account() {
  if (geteuid() != 0) return std::optional<account>{};
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* entry = getpwnam(name))
      return std::optional(account{name, entry->pw_uid, entry->pw_gid});
  return fail(
      "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as: start as "
      "another user");
}

}  // namespace atelier::stack
