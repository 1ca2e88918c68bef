#include "app/stack/places.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atelier::stack {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view socket_name = "/.s.PGSQL.5432";

std::optional<folder_access> access_of(const fs::path& folder) {
  struct stat entry {};
  if (stat(folder.c_str(), &entry) != 0) return std::nullopt;
  return folder_access{entry.st_uid, entry.st_gid, entry.st_mode};
}

std::string runtime_parent() {
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  const auto access = own && geteuid() != 0 ? access_of(own) : std::nullopt;
  return access && access->owner == geteuid() ? own : "/tmp";
}

}  // namespace

bool fits_a_socket(const fs::path& folder) {
  return folder.native().size() + socket_name.size() <= socket_path_bytes_max;
}

bool may_enter(const account& who, const folder_access& folder) {
  if (who.user == folder.owner) return folder.mode & S_IXUSR;
  if (who.group == folder.group) return folder.mode & S_IXGRP;
  return folder.mode & S_IXOTH;
}

bool can_reach(const account& who, const fs::path& folder) {
  fs::path so_far;
  for (const auto& part : folder) {
    so_far /= part;
    const auto access = access_of(so_far);
    if (!access || !S_ISDIR(access->mode)) return true;  // not there yet, and what cannot be made will say so
    if (!may_enter(who, *access)) return false;
  }
  return true;
}

fs::path place_for_data(const fs::path& asked, const std::optional<account>& postgres) {
  auto folder = fs::weakly_canonical(fs::absolute(asked)).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  return postgres && !can_reach(*postgres, folder) ? fs::path(reachable_data) : folder;
}

result<fs::path> make_runtime_folder() {
  std::string name = runtime_parent() + "/atelier-XXXXXX";
  if (!mkdtemp(name.data()))
    return fail(
        "no folder for PostgreSQL's socket can be made in {}: {}; make room there, or set XDG_RUNTIME_DIR",
        runtime_parent(), std::strerror(errno));
  return fs::path(name);
}

result<> make_private_folder(const fs::path& folder, const std::optional<account>& owner) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail("the folder '{}' cannot be made: {}; name another folder with --data", folder.string(),
                std::strerror(errno));
  if ((owner && lchown(folder.c_str(), owner->user, owner->group) != 0) || chmod(folder.c_str(), 0700) != 0)
    return fail("the folder '{}' cannot be made private: {}; name another folder with --data",
                folder.string(), std::strerror(errno));
  return {};
}

result<> check_disk(const fs::path& folder, unsigned long long bytes_needed) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0)
    return fail("'{}' cannot be examined: {}; name another folder with --data", folder.string(),
                std::strerror(errno));
  const unsigned long long left = disk.f_bavail * static_cast<unsigned long long>(disk.f_frsize);
  if (left < bytes_needed)
    return fail(
        "the disk of '{}' is too full: {} MB are free and about {} MB are needed; make room or name another "
        "folder with --data",
        folder.string(), left >> 20, bytes_needed >> 20);
  return {};
}

unsigned long long disk_bytes_for(const fs::path& csv) {
  constexpr unsigned long long times = 4;
  std::error_code ignored;
  unsigned long long bytes = 0;
  if (fs::is_regular_file(csv, ignored)) bytes = fs::file_size(csv, ignored);
  for (const auto& entry : fs::directory_iterator(csv, ignored))
    if (entry.is_regular_file(ignored)) bytes += entry.file_size(ignored);
  return empty_database_bytes + times * bytes;
}

}  // namespace atelier::stack
