#include "app/stack/premises.hpp"

#include "app/stack/ports.hpp"
#include "core/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace atelier::stack {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long long bytes_to_run = 64ULL
                                            << 20;  // for a start that keeps its data: room to write a while

result<> choose_addresses(const up_options& asked, premises& p) {
  const auto listen = free_address(asked.listen, "--listen");
  if (!listen) return listen.error();
  const auto admin = free_address(asked.admin, "--admin");
  if (!admin) return admin.error();
  if (*listen == *admin)
    return fail("--listen and --admin are both {}: they need different ports", to_string(*listen));
  p.listen = *listen;
  p.admin = *admin;
  return {};
}

result<descriptor> lock_folder(const fs::path& folder) {
  const auto file = folder / "lock";
  descriptor lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock)
    return fail("'{}' cannot be written: {}; name another folder with --data", folder.string(),
                std::strerror(errno));
  if (flock(lock.number(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return fail("another atelier up runs on '{}': stop it, or name another folder with --data",
                folder.string());
  return fail("'{}' cannot be locked: {}; name another folder with --data", file.string(),
              std::strerror(errno));
}

result<> open_folder(const up_options& asked, premises& p) {
  const auto as = postgres_account();
  if (!as) return as.error();
  p.database.as = *as;
  p.folder = place_for_data(asked.data, *as);
  if (*as) log::info("PostgreSQL does not run as root: it runs as the user {}", (*as)->name);
  if (*as && !can_reach(**as, fs::weakly_canonical(fs::absolute(asked.data))))
    log::info("the user {} cannot reach '{}': the data are in {}", (*as)->name, asked.data.string(),
              p.folder.string());
  std::error_code error;
  const bool is_new = fs::create_directories(p.folder, error);
  if (error)
    return fail("the folder '{}' cannot be made: {}; name another folder with --data", p.folder.string(),
                error.message());
  if (is_new)
    fs::permissions(p.folder, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add, error);
  if (*as && !can_reach(**as, p.folder))
    return fail(
        "the user {} cannot reach '{}': give others the right to pass through (chmod o+x), or name another "
        "folder with --data",
        (*as)->name, p.folder.string());
  auto lock = lock_folder(p.folder);
  if (!lock) return lock.error();
  p.lock = std::move(*lock);
  p.database.data = p.folder / "postgres";
  p.database.log = p.folder / "postgres.log";
  return {};
}

result<> check_csv(const data_source& source) {
  std::error_code error;
  if (source.csv.empty() || fs::is_directory(source.csv, error)) return {};
  return fail("--csv: there is no folder '{}': check the path", source.csv);
}

result<> plan_folder(const up_options& asked, premises& p) {
  auto request = asked.request;
  if (request.source && !request.source->csv.empty())
    request.source->csv = fs::weakly_canonical(fs::absolute(request.source->csv)).string();
  auto found = load_record(p.folder);
  if (!found && !request.reset) return found.error();
  if (found && !*found && fs::exists(p.database.data))
    return fail("'{}' was not made by atelier up, which would use that name: name another folder with --data",
                p.database.data.string());
  const auto plan = plan_data(request, found ? *found : std::nullopt);
  if (!plan) return plan.error();
  p.plan = *plan;
  return p.plan.must_load ? check_csv(p.plan.source) : result<>{};
}

result<> find_server(premises& p) {
  const auto made_by = p.plan.must_clear ? std::nullopt : version_of(p.database.data);
  const auto programs = find_postgres(made_by);
  if (!programs) return programs.error();
  p.database.programs = *programs;
  struct stat entry {};
  const auto runs_as = p.database.as ? p.database.as->user : geteuid();
  if (!p.plan.must_clear && stat(p.database.data.c_str(), &entry) == 0 && entry.st_uid != runs_as)
    return fail(
        "'{}' belongs to another user than the one that PostgreSQL would run as ({}): start as that user, or "
        "start over with "
        "--reset",
        p.database.data.string(), p.database.as ? p.database.as->name : "ourselves");
  return {};
}

void clear_socket(const fs::path& socket) {
  std::error_code ignored;
  if (fs::is_symlink(socket, ignored)) fs::remove_all(fs::read_symlink(socket, ignored), ignored);
  fs::remove_all(socket, ignored);
}

result<> clear_folder(const premises& p) {
  log::info("deleting the data in {}", p.folder.string());
  for (const char* name : {"atelier-up.toml", "postgres", "postgres.log"}) {
    std::error_code error;
    fs::remove_all(p.folder / name, error);
    if (error)
      return fail("'{}' cannot be deleted: {}; delete it as its owner, or name another folder with --data",
                  (p.folder / name).string(), error.message());
  }
  return {};
}

// Beside the data; or in a folder with a short path, with a link beside the data that tells where.
result<> place_socket(premises& p) {
  const auto usual = p.folder / "socket";
  clear_socket(usual);
  p.database.socket = usual;
  if (!fits_a_socket(usual)) {
    const auto runtime = make_runtime_folder();
    if (!runtime) return runtime.error();
    p.runtime = p.database.socket = *runtime;
    log::info("the path of {} is too long for a socket: PostgreSQL's is in {}", p.folder.string(),
              runtime->string());
    std::error_code ignored;
    fs::create_directory_symlink(*runtime, usual, ignored);
  }
  return make_private_folder(p.database.socket, p.database.as);
}

// Beside PostgreSQL's: the proxy reaches a worker by a UNIX socket for half of what TCP costs.
void place_workers(int count, premises& p) {
  const auto socket = [&p](const std::string& name) {
    return address{{}, 0, (p.database.socket / name).string()};
  };
  for (int i = 1; i <= count; ++i)
    p.workers.push_back({socket(fmt::format("worker-{}", i)), socket(fmt::format("admin-{}", i))});
  p.control = socket("lb");
}

result<> open_log(premises& p) {
  p.log = descriptor(open(p.database.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!p.log)
    return fail("'{}' cannot be written: {}; make room, or name another folder with --data",
                p.database.log.string(), std::strerror(errno));
  return {};
}

unsigned long long bytes_needed(const data_plan& plan) {
  if (!plan.must_load) return bytes_to_run;
  return plan.source.csv.empty() ? disk_bytes_for(plan.source.products)
                                 : disk_bytes_for(fs::path(plan.source.csv));
}

}  // namespace

result<premises> prepare(const up_options& asked, stop_signal& stop) {
  premises p;
  if (auto done = choose_addresses(asked, p); !done) return done.error();
  if (auto done = open_folder(asked, p); !done) return done.error();
  if (auto done = plan_folder(asked, p); !done) return done.error();
  if (auto done = find_server(p); !done) return done.error();
  if (auto done = await_former_server(p.database.data, stop); !done) return done.error();
  if (p.plan.must_clear)
    if (auto done = clear_folder(p); !done) return done.error();
  if (auto done = check_disk(p.folder, bytes_needed(p.plan)); !done) return done.error();
  if (auto done = open_log(p); !done) return done.error();
  if (auto done = place_socket(p); !done) {
    leave(p);
    return done.error();
  }
  place_workers(asked.workers, p);
  return p;
}

void leave(const premises& p) {
  clear_socket(p.folder / "socket");
  std::error_code ignored;
  if (!p.runtime.empty()) std::filesystem::remove_all(p.runtime, ignored);
}

}  // namespace atelier::stack
