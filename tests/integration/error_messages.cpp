// What goes wrong is said in a sentence of the list (tests/messages/messages.txt): what happened, to what,
// and what to do; with the right exit code, and without a password, an e-mail address or SQL.
#include "core/options.hpp"
#include "etl/next_tables.hpp"
#include "integration/contract_sql.hpp"
#include "support/message_list.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace atelier::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

struct mishap {
  words command;
  int code;
  std::string names;   // what it happened to
  std::string advice;  // what to do
  std::vector<std::string> environment = {};
};

constexpr std::string_view secret = "pass-word-4711";

void check_discreet(const std::string& said) {
  CHECK(said.find(secret) == std::string::npos);
  for (const char* sql : {"select ", "insert ", "create table", "create schema", "copy atelier"})
    CHECK(said.find(sql) == std::string::npos);
  CHECK(said.find("someone@example.org") == std::string::npos);
}

void check_said(const std::string& said, const mishap& m) {
  INFO(said);
  CHECK(said.find(m.names) != std::string::npos);
  CHECK(said.find(m.advice) != std::string::npos);
  CHECK(is_listed_with_advice(said));
  check_discreet(said);
}

void check(const mishap& m) {
  INFO(fmt::format("atelier {}", fmt::join(m.command, " ")));
  const auto done = run_program(ATELIER_PROGRAM, m.command, 30s, m.environment);
  CHECK(done.code == m.code);
  check_said(done.errors, m);
}

void check(const std::vector<mishap>& all) {
  for (const auto& m : all) check(m);
}

// Something that listens on a port of the kernel's choice.
class busy_port {
 public:
  busy_port() : port_(free_port()), listener_("/usr/bin/env", {"python3", "-c", script()}) {
    REQUIRE(wait_until(10s, [this] { return is_listening(port_); }));
  }
  std::string address() const { return fmt::format("127.0.0.1:{}", port_); }

 private:
  std::string script() const {
    return fmt::format(
        "import socket, time\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        "s.bind(('127.0.0.1', {}))\ns.listen()\ntime.sleep(600)",
        port_);
  }

  std::uint16_t port_;
  child_process listener_;
};

std::string any_port() { return fmt::format("127.0.0.1:{}", free_port()); }

// Messages of a process that goes on running.
void check_running(const words& command, const std::string& names, const std::string& advice) {
  INFO(fmt::format("atelier {}", fmt::join(command, " ")));
  child_process role(ATELIER_PROGRAM, command);
  role.wait_for(advice);
  check_said(role.errors(), {command, 0, names, advice});
}

}  // namespace

TEST_CASE("an address that cannot be listened on is said with a way out", "[messages]") {
  const busy_port busy;
  const temp_dir folder;
  const std::string long_path = folder / std::string(200, 's');
  check({
      {{"api", "--listen", busy.address()}, 1, busy.address(), "choose another address"},
      {{"lb", "--worker", any_port(), "--listen", busy.address()},
       1,
       busy.address(),
       "choose another address"},
      {{"lb", "--worker", any_port(), "--listen", any_port(), "--admin", busy.address()},
       1,
       busy.address(),
       "choose another"},
      {{"api", "--listen", "192.0.2.1:3000"}, 1, "192.0.2.1:3000", "ip address"},
      {{"api", "--listen", "no.such.host.invalid:3000"}, 1, "no.such.host.invalid", "write its address"},
      {{"api", "--listen", "8080"}, 2, "'8080'", "write HOST:PORT"},
      {{"lb", "--worker", any_port(), "--listen", any_port(), "--control", long_path},
       2,
       long_path,
       "choose a shorter one"},
      {{"lb", "--worker", any_port(), "--listen", any_port(), "--control", folder / "no" / "socket"},
       1,
       "no/socket",
       "choose another path"},
      {{"up", "--data", folder / "data", "--listen", busy.address()}, 1, busy.address(), "--listen"},
  });
}

TEST_CASE("a port below 1024 is said to need a right, where it does", "[messages]") {
  std::ifstream setting("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  int first_free = 1024;
  setting >> first_free;
  if (first_free <= 80) {
    WARN("every user of this machine may listen on port 80");
    return;
  }
  const auto program = geteuid() == 0 ? "/usr/bin/setpriv" : ATELIER_PROGRAM;
  words command;
  if (geteuid() == 0)
    command = {"--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service", ATELIER_PROGRAM};
  command.insert(command.end(), {"api", "--listen", "127.0.0.1:80"});
  const auto done = run_program(program, command);
  CHECK(done.code == 1);
  check_said(done.errors, {command, 1, "127.0.0.1:80", "choose a port from 1024 on"});
}

TEST_CASE("wrong options and configurations are said with what to write", "[messages]") {
  const temp_dir folder;
  const auto file = [&](std::string_view name, std::string_view text) {
    return words{"lb", "--config", folder.write(name, text)};
  };
  check({
      {file("key", "[lb]\nworkers = \"x\"\n"), 2, "'workers'", "--help"},
      {file("section", "[proxy]\n"), 2, "[proxy]", "write one of the roles"},
      {file("outside", "listen = \"x\"\n"), 2, "'listen'", "write it under [lb]"},
      {file("kind", "[lb]\nlisten = 1979-05-27\n"), 2, "'listen'", "write text"},
      {file("broken", "[lb\n"), 2, "broken", "mend the line"},
      {{"lb", "--config", folder / "absent"}, 2, "absent", "check its path"},
      {{}, 2, "a command is missing", "write one of up, api"},
      {{"serve"}, 2, "'serve'", "write one of up, api"},
      {{"etl", "lode", "x"}, 2, "'lode'", "write one of load, check"},
      {{"api", "--listen", any_port()}, 2, "soon", "write 250ms", {"ATELIER_API_DRAIN_TIMEOUT=soon"}},
      {{"lb", "--total-timeout", "never"}, 2, "never", "write 250ms"},
      {{"lb", "--worker", "a:1,speed=2"}, 2, "speed=2", "weight=1"},
      {{"lb", "--listen", any_port(), "--worker", "127.0.0.1:1", "--worker", "127.0.0.1:1"},
       2,
       "127.0.0.1:1",
       "name it once"},
      {{"lb", "--trusted-proxy", "10.0.0.0/99"}, 2, "10.0.0.0/99", "write 10.0.0.0/8"},
      {{"lb", "--worker", "127.0.0.1:0"}, 2, "127.0.0.1:0", "write the one that it listens on"},
      {{"lb", "--probe-path", "ready"}, 2, "'ready'", "begins with /"},
      {{"lb", "--affinity-percent", "50"}, 2, "'50'", "more than 100"},
      {{"lb", "--access-log", "maybe"}, 2, "'maybe'", "write one of off|sampled|full"},
      {{"lb", "--share-port=maybe"}, 2, "--share-port", "write the option alone"},
      {{"lb", "--panic-percent", "101"}, 2, "'101'", "write a number from 0 to 100"},
      {{"api", "--db-connections", "many"}, 2, "'many'", "write a number from 1 to 64"},
      {{"api", "--cache-mb", "-1"}, 2, "'-1'", "write a number from 0"},
      {{"api", "--db-connections="}, 2, "--db-connections", "write a number from 1 to 64 behind it"},
      {{"api", "--listen"}, 2, "--listen", "write HOST:PORT|unix:PATH behind it"},
      {{"api", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"}, 2, "--listen", "write it once"},
      {{"api", "--verify-token", "a/b"}, 2, "'a/b'", "write letters, digits"},
      {{"api", "--port", "1"}, 2, "'--port'", "write one that --help lists"},
      {{"api", "--config", folder.path()}, 2, folder.path(), "write the path of a file"},
      {{"schema", "apply", "now"}, 2, "'now'", "leave it out"},
      {{"etl", "load", "x", "--mode", "destroy"}, 2, "'destroy'", "write one of replace|append"},
      {{"up", "--listen", "unix:x"}, 2, "unix:x", "write HOST:PORT"},
      {{"lb", "--worker", any_port(), "--listen", any_port(), "--admin-token-file",
        folder.write("token", "")},
       1,
       "token",
       "write one word"},
      {{"api", "--listen", any_port(), "--access-log", "full", "--access-log-file", folder / "no" / "log"},
       1,
       "no/log",
       "--access-log-file"},
      {{"etl", "load", "x", "--on-conflict", "update"}, 2, "--on-conflict", "--mode append"},
      {{"etl", "load", "x", "--on-conflict", "skip", "--mode", "replace"},
       2,
       "--on-conflict",
       "leave --on-conflict out"},
      {{"etl", "read", "x", "--quote", "ab"}, 2, "'ab'", "write one"},
      {{"etl", "read", "x", "--encoding", "ebcdic"}, 2, "'ebcdic'", "write utf-8"},
      {{"up", "--data", folder / "data", "--csv", folder / "absent"}, 1, "absent", "check the path"},
  });
}

namespace {

struct wrong_value {
  words command;
  std::string option;
  std::string value;
};

// As it is written on the command line, in the environment and in a file.
void check_names_its_option(const wrong_value& w, const temp_dir& folder) {
  INFO(fmt::format("atelier {} {}", fmt::join(w.command, " "), w.option));
  const auto key = w.option.substr(2);
  const auto file =
      folder.write("wrong.toml", fmt::format("[{}]\n{} = \"{}\"\n", fmt::join(w.command, "."), key, w.value));
  const mishap said{w.command, 2, w.option, w.value};
  auto on_line = said, in_environment = said, in_file = said;
  on_line.command.push_back(fmt::format("{}={}", w.option, w.value));
  in_environment.environment = {fmt::format("{}={}", variable_name(w.command, key), w.value)};
  in_file.command.insert(in_file.command.end(), {"--config", file});
  check({on_line, in_environment, in_file});
}

}  // namespace

TEST_CASE("what is wrong with a value names its option, wherever the value stands", "[messages]") {
  const temp_dir folder;
  const std::vector<wrong_value> all{
      {{"api"}, "--listen", "x"},
      {{"api"}, "--admin", "127.0.0.1:99999"},
      {{"api"}, "--statement-timeout", "5"},
      {{"api"}, "--db-connections", "many"},
      {{"api"}, "--verify-token", "a/b"},
      {{"lb"}, "--worker", "127.0.0.1"},
      {{"lb"}, "--idle-timeout", "2days"},
      {{"lb"}, "--total-timeout", "never"},
      {{"lb"}, "--body-bytes-max", "1MB"},
      {{"lb"}, "--trusted-proxy", "10.0.0.0/99"},
      {{"lb"}, "--access-log", "maybe"},
      {{"lb"}, "--probe-path", "ready"},
      {{"lb"}, "--affinity-percent", "50"},
      {{"up"}, "--listen", "unix:x"},
      {{"up"}, "--workers", "0"},
      {{"etl", "load"}, "--max-rejects", "several"},
      {{"etl", "load"}, "--mode", "destroy"},
      {{"etl", "check"}, "--jobs", "1.5"},
      {{"etl", "read"}, "--quote", "ab"},
      {{"etl", "read"}, "--encoding", "ebcdic"},
      {{"etl", "sample"}, "--seed", "spring"},
      {{"etl", "sample"}, "--unreliable", "half"},
  };
  for (const auto& one : all) check_names_its_option(one, folder);
}

TEST_CASE("what is missing or does not go together is said with an example", "[messages]") {
  check({
      {{"lb"}, 2, "--worker is missing", "'atelier lb --worker 127.0.0.1:3001'"},
      {{"lb", "--worke", "127.0.0.1:1"}, 2, "'--worke'", "write one that --help lists"},
      {{"etl", "--mode", "append"}, 2, "'--mode'", "write one that --help lists"},
      {{"etl", "load"}, 2, "SOURCE is missing", "'atelier etl load /srv/atelier'"},
      {{"etl", "check"}, 2, "SOURCE is missing", "'atelier etl check /srv/atelier'"},
      {{"etl", "read"}, 2, "FILE is missing", "'atelier etl read reviews.csv'"},
      {{"etl", "sample"}, 2, "DIR is missing", "'atelier etl sample /srv/atelier'"},
      {{"etl", "read", "x", "--delimiter", ""}, 2, "--delimiter", "write one byte or more"},
      {{"lb", "--worker", "127.0.0.1:1", "--takeover"},
       2,
       "--takeover goes with --control",
       "add for example --control /run/atelier/lb, or leave --takeover out"},
      {{"up", "--products", "5", "--csv", "x"},
       2,
       "--products does not go with --csv",
       "leave one of them out"},
  });
}

TEST_CASE("a misspelt variable is said, once the others are read", "[messages]") {
  const words check_nothing{"etl", "check", "/no/such/folder"};
  check({check_nothing,
         1,
         "ATELIER_ETL_CHECK_JBOS",
         "'atelier etl check --help' lists the options",
         {"ATELIER_ETL_CHECK_JBOS=2", "ATELIER_ETL_CHECK_JOBS=2"}});
  const auto done = run_program(ATELIER_PROGRAM, check_nothing, 30s,
                                {"ATELIER_ETL_CHECK_JOBS=2", "ATELIER_LB_JBOS=2", "ATELIER_JBOS=2"});
  CHECK(done.errors.find("in the environment") == std::string::npos);
}

TEST_CASE("a database that cannot be used is said, and never its password", "[messages]") {
  const temp_dir folder;
  const auto absent = fmt::format("host={} dbname=shop password={}", folder.path().string(), secret);
  private_postgres server;
  {
    sql admin(server.conninfo());
    admin.run("create role reader login");
    admin.run(fmt::format("create role locked login password '{}'", "another"));
    const auto rules = admin.run("show hba_file");
    admin.run(fmt::format("copy (values ('local all locked scram-sha-256'), ('local all all trust')) to '{}'",
                          rules));
    admin.run("select pg_reload_conf()");
  }
  const auto as = [&](const std::string& user, const std::string& database = "postgres") {
    return fmt::format("host={} user={} dbname={} password={}", server.socket_folder(), user, database,
                       secret);
  };
  REQUIRE(wait_until(10s, [&] {
    return run_program(ATELIER_PROGRAM, {"schema", "status", "--db", as("locked")}).code == 1;
  }));
  const auto csv = folder / "csv";
  REQUIRE(run_program(ATELIER_PROGRAM, {"etl", "sample", csv, "--products", "5"}).code == 0);
  check({
      {{"schema", "apply", "--db", absent}, 1, folder.path().string(), "that the server runs"},
      {{"schema", "status", "--db", as("locked")}, 1, "locked", "check --db"},
      {{"schema", "status", "--db", as("atelier", "nothing")}, 1, "nothing", "check --db"},
      {{"schema", "apply", "--db", as("reader")}, 1, "permission denied", "PostgreSQL's own log"},
      {{"etl", "load", csv, "--db", absent}, 1, folder.path().string(), "that the server runs"},
      {{"etl", "load", csv, "--db", as("atelier")}, 1, "atelier.", "atelier schema apply"},
  });
  const auto serving = [](const std::string& database) {
    return words{"api", "--listen", any_port(), "--db", database};
  };
  check_running(serving(absent), folder.path().string(), "start it, or check --db");
  check_running(serving(as("locked")), "locked", "start it, or check --db");
  check_running(serving(as("atelier")), "schema", "atelier schema apply");
}

TEST_CASE("a conninfo that cannot be read is said at once, and never its password", "[messages]") {
  const auto misspelt = fmt::format("host=x passwrod={}", secret);
  const auto uri = fmt::format("postgresql://reader:{}@x/shop?nope=1", secret);
  const std::string advice = "write for example host=127.0.0.1 dbname=shop";
  for (const auto& command :
       {words{"api"}, words{"etl", "load", "x"}, words{"schema", "apply"}, words{"schema", "status"}}) {
    auto with = command;
    with.push_back("--db=" + misspelt);
    check({with, 2, "--db: PostgreSQL's library cannot read it: invalid connection option \"passwrod\"",
           advice});
    with.back() = "--db=" + uri;
    check({with, 2, "--db: PostgreSQL's library cannot read it: invalid URI query parameter: \"nope\"",
           advice});
  }
}

TEST_CASE("a database of another build is said, and what to use instead", "[messages]") {
  const test_database newer;
  sql(newer.conninfo())
      .run("insert into atelier.schema_migrations (version, name, text_hash) values (999, 'later', 'x')");
  const test_database other;
  sql(other.conninfo()).run("update atelier.schema_migrations set text_hash = 'x' where version = 1");
  check({
      {{"schema", "apply", "--db", newer.conninfo()}, 1, "migrations", "newer atelier; use that one"},
      {{"schema", "apply", "--db", other.conninfo()}, 1, "0001_", "start over with an empty database"},
  });
}

TEST_CASE("files that cannot be loaded are said with what to do about them", "[messages]") {
  const temp_dir folder;
  const test_database database;
  const auto csv = folder / "csv";
  REQUIRE(run_program(ATELIER_PROGRAM, {"etl", "sample", csv, "--products", "5"}).code == 0);
  const auto load = [&](const std::string& source, words more = {}) {
    words command{"etl", "load", source, "--db", database.conninfo()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  std::filesystem::create_symlink(folder / "loop.csv", folder / "loop.csv");
  std::filesystem::create_directory(folder / "empty");
  const auto incomplete = folder / "incomplete";
  std::filesystem::copy(csv, incomplete);
  for (const auto& one : std::filesystem::directory_iterator(incomplete))
    if (one.path().filename().string().starts_with("answers.")) std::filesystem::remove(one.path());
  const auto polluted = folder / "polluted";
  std::filesystem::copy(csv, polluted);
  std::ofstream(polluted / "questions.csv", std::ios::app) << "x,x,x\ny,y,y\n";
  check({
      {load(folder / "loop.csv"), 1, "loop.csv", "check"},
      {load(folder / "absent.csv"), 1, "absent.csv", "check the path"},
      {load(folder / "*.txt"), 1, "*.txt", "check the path and the pattern"},
      {load(folder / "empty"), 1, "empty", "check the path"},
      {load(folder.write("void/reviews.csv", "")), 1, "reviews.csv", "make it again"},
      {load(folder.write("kind/table.csv", "name,someone@example.org\nb,c\n")), 1, "table.csv",
       "leave it out"},
      {load(folder.write("packed/reviews.csv", "\x1f\x8b\x08 broken")), 1, "reviews.csv",
       "fetch or make it again"},
      {load(incomplete), 1, "answers", "--partial"},
      {load("ftp://example.org/reviews.csv"), 2, "ftp://example.org", "write http://"},
      {load("s3:///reviews"), 2, "s3:///reviews", "s3://bucket/prefix"},
      {load(csv, {"--rejects", "/dev/null/rejects"}), 1, "/dev/null/rejects",
       "choose another with --rejects"},
      {load(polluted, {"--max-rejects", "0"}), 3, "--max-rejects", "--rejects DIR"},
      {{"etl", "check", csv, "--report", folder / "no" / "report"}, 1, "no/report", "--report"},
      {{"etl", "sample", "/dev/null/x", "--products", "1"}, 1, "/dev/null/x", "choose another folder"},
  });
  REQUIRE(run_program(ATELIER_PROGRAM, load(csv)).code == 0);
  check({{load(csv), 2, "data already", "--mode append"}});
}

TEST_CASE("a load under way is named to the next one", "[messages]") {
  const temp_dir folder;
  const test_database database;
  REQUIRE(run_program(ATELIER_PROGRAM, {"etl", "sample", folder.path(), "--products", "5"}).code == 0);
  const auto other = etl::load_lock::take(database.conninfo());
  REQUIRE(other);
  check({{{"etl", "load", folder.path(), "--db", database.conninfo()},
          1,
          "another load",
          "wait until it has ended"}});
}

TEST_CASE("a proxy that runs says what is wrong with a new configuration or a second start", "[messages]") {
  const temp_dir folder;
  const auto text = fmt::format("[lb]\nworker = \"{}\"\nlisten = \"{}\"\ncontrol = \"{}\"\n", any_port(),
                                any_port(), (folder / "socket").string());
  const auto file = folder.write("lb.toml", text);
  child_process proxy(ATELIER_PROGRAM, {"lb", "--config", file});
  proxy.wait_for("listening on");
  check({{{"lb", "--worker", any_port(), "--listen", any_port(), "--control", folder / "socket"},
          1,
          "socket",
          "--takeover"}});
  folder.write("lb.toml", text + "speed = 3\n");
  proxy.signal(SIGHUP);
  proxy.wait_for("nothing is changed");
  check_said(proxy.errors(), {{}, 0, "'speed'", "--help"});
  folder.write("lb.toml", text + "access-log = \"full\"\nshare-port = true\n");
  proxy.signal(SIGHUP);
  proxy.wait_for("needs a stop");
  check_said(proxy.errors(), {{}, 0, "--access-log=full", "--takeover"});
  check_said(proxy.errors(), {{}, 0, "--share-port", "needs a stop and a start"});
}

}  // namespace atelier::test
