#include "app/stack/postgres_programs.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ranges>

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
  for (const auto part : std::views::split(std::string_view(path ? path : ""), ':')) {
    const fs::path folder(std::string_view(part.begin(), part.end()));
    if (!folder.empty() && holds_both(folder)) return folder;
  }
  return std::nullopt;
}

}  // namespace

std::optional<postgres_programs> newest_postgres(const fs::path& versions) {
  std::optional<postgres_programs> newest;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(versions, none)) {
    const auto major = whole_number(entry.path().filename().string());
    if (!major || *major < oldest_postgres || (newest && newest->major >= *major)) continue;
    if (holds_both(entry.path() / "bin")) newest = postgres_programs{entry.path() / "bin", *major};
  }
  return newest;
}

std::optional<int> major_version(std::string_view answer) {
  constexpr std::string_view before = "(PostgreSQL) ";
  const auto at = answer.find(before);
  return at == std::string_view::npos ? std::nullopt : whole_number(answer.substr(at + before.size()));
}

result<postgres_programs> find_postgres() {
  if (auto found = newest_postgres("/usr/lib/postgresql")) return std::move(*found);
  const auto folder = folder_in_path();
  if (!folder)
    return fail(
        "PostgreSQL's server is not installed: neither /usr/lib/postgresql/*/bin nor PATH has initdb and "
        "postgres of version "
        "{} or newer; install the package postgresql-{}",
        oldest_postgres, oldest_postgres);
  const auto major = major_version(first_line_of("'" + (*folder / "postgres").string() + "' --version"));
  if (!major || *major < oldest_postgres)
    return fail(
        "the PostgreSQL in {} is too old: atelier needs version {}; install the package postgresql-{}",
        folder->string(), oldest_postgres, oldest_postgres);
  return postgres_programs{*folder, *major};
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
