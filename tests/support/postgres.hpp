// A PostgreSQL of the test's own.
#pragma once

#include "app/stack/child.hpp"
#include "app/stack/postgres_programs.hpp"
#include "support/temp_dir.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::test {

/// A fresh cluster, reachable by UNIX socket only unless a test asks for more; gone with the object. Fast,
/// not durable (fsync off). As root it runs as the user postgres or nobody. Everything throws
/// std::runtime_error with the server's own words.
class private_postgres {
 public:
  private_postgres();
  ~private_postgres();

  /// For libpq, the psql command line and --db.
  std::string conninfo(std::string_view database = "postgres") const;

  /// From now on it can be reached at this port of 127.0.0.1 too, where it asks for a password (SCRAM). To be
  /// called before any database is made.
  std::uint16_t ask_for_passwords();

  /// The folder of its socket, for a connection that a test makes by hand.
  std::string socket_folder() const { return (folder_ / "socket").string(); }

  void start();  // after stop or kill; returns when it takes connections
  void stop();   // an orderly shutdown that throws its clients out
  void kill();   // the whole server with SIGKILL, as the machine's end would
  void pause();  // the postmaster and every backend stand still: connections are accepted by the kernel,
                 // nothing answers
  void resume();

 private:
  bool try_to_start();
  void signal_all(int number) const;

  temp_dir folder_;
  stack::postgres_programs programs_;
  std::optional<stack::account> account_;
  std::optional<stack::child> server_;
  std::uint16_t port_ = 5432;  // its socket's name has it too
};

/// The cluster that all tests of one program share, started by the first who asks. A test that stops or kills
/// makes its own.
private_postgres& shared_postgres();

/// A database of one test in the shared cluster (or another one), dropped by the destructor whoever is
/// connected.
class test_database {
 public:
  enum class content { nothing, schema };  // schema: all migrations applied, cloned from a template

  explicit test_database(content what = content::schema, private_postgres& server = shared_postgres());
  ~test_database();
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  const std::string& name() const { return name_; }
  std::string conninfo() const { return server_.conninfo(name_); }

 private:
  private_postgres& server_;
  std::string name_;
};

}  // namespace atelier::test
