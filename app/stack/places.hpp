// Where on this machine the stack keeps its things.
#pragma once

#include "app/stack/child.hpp"
#include "core/result.hpp"

#include <filesystem>
#include <optional>
#include <string_view>

namespace atelier::stack {

/// Bytes that the kernel allows in the path of a UNIX socket, without its final zero.
inline constexpr std::size_t socket_path_bytes_max = 107;

/// Where data go that PostgreSQL's user could not reach where they were asked for.
inline constexpr std::string_view reachable_data = "/var/lib/atelier";

/// True if PostgreSQL's socket in that folder has a path that the kernel takes.
bool fits_a_socket(const std::filesystem::path& folder);

/// Who may pass through a folder: its owner, group and permission bits.
struct folder_access {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
};

/// True if an account without further groups may enter the folder.
bool may_enter(const account& who, const folder_access& folder);

/// True if the account may enter every folder on the way that exists, the last one too.
bool can_reach(const account& who, const std::filesystem::path& folder);

/// The folder for the data, absolute: as asked, or reachable_data where PostgreSQL's user could not reach
/// that.
std::filesystem::path place_for_data(const std::filesystem::path& asked,
                                     const std::optional<account>& postgres);

/// A new folder, 0700, with a short path: below XDG_RUNTIME_DIR when it is ours and we are not root, else
/// below /tmp.
result<std::filesystem::path> make_runtime_folder();

/// Makes the folder (its parent must exist) or takes the one that is there; it belongs to the account, if
/// any, and to it alone.
result<> make_private_folder(const std::filesystem::path& folder, const std::optional<account>& owner);

/// Bytes that a load of that many products needs for a while, CSV files and database together; measured on
/// sample data, rounded up.
constexpr unsigned long long empty_database_bytes = 150ULL << 20;
constexpr unsigned long long disk_bytes_for(long long products) {
  constexpr unsigned long long a_product = 24ULL << 10;
  return empty_database_bytes + static_cast<unsigned long long>(products) * a_product;
}

/// The same for the CSV files of a folder (or one file), which are there already: tables, indexes and
/// write-ahead log take up to four times their size. What cannot be read counts nothing: the load will say
/// so.
unsigned long long disk_bytes_for(const std::filesystem::path& csv);

/// Errors: the disk of the folder has less than that free.
result<> check_disk(const std::filesystem::path& folder, unsigned long long bytes_needed);

}  // namespace atelier::stack
