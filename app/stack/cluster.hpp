// The private PostgreSQL: made, started, asked.
#pragma once

#include "app/stack/places.hpp"
#include "app/stack/postgres_programs.hpp"
#include "app/stack/postgres_settings.hpp"
#include "app/stack/stop_signal.hpp"

#include <filesystem>
#include <string>

namespace atelier::stack {

/// A cluster on disk and who runs it.
struct cluster {
  postgres_programs programs;
  std::optional<account> as;
  std::filesystem::path data;    // PGDATA
  std::filesystem::path socket;  // the folder of its UNIX socket
  std::filesystem::path log;     // the server's own words, of the last start only
};

/// The major version that made the data; nothing where there are none.
std::optional<int> version_of(const std::filesystem::path& data);

/// Makes it, with checksums, in UTF-8; in one step, so that an interrupted making leaves nothing that looks
/// finished.
result<> make_cluster(const cluster& c, stop_signal& stop);

/// How to run the server. It ends orderly when we die.
launch server_of(const cluster& c, const std::vector<setting>& settings, int log);

/// True when it takes connections, by its own note beside the data: nobody has to knock.
bool is_ready(const cluster& c);

/// A server that still runs on these data, because the `up` that started it was killed, ends orderly; we wait
/// for that. Errors: it does not end in time.
result<> await_former_server(const std::filesystem::path& data, stop_signal& stop);

/// The server's last words, for a sentence about a failed start.
std::string last_words(const std::filesystem::path& log);

/// For libpq.
std::string conninfo(const cluster& c, std::string_view database);

}  // namespace atelier::stack
