#include "db/conninfo.hpp"

#include <catch2/catch.hpp>

using namespace atelier::db;

namespace {

std::string complaint_about(const std::string& conninfo) {
  const auto checked = check_conninfo(conninfo);
  return checked ? "" : checked.error().what;
}

}  // namespace

TEST_CASE("what libpq takes is right, a bare database name too") {
  for (const auto* conninfo : {"", "shop", "host=/run/postgresql dbname=shop", "service=shop",
                               "postgresql://u:p%40w@db:5433/shop?sslmode=require",
                               "postgres:///shop?host=/run/postgresql", "host=db password='a b'"}) {
    INFO(conninfo);
    CHECK(check_conninfo(conninfo));
  }
}

TEST_CASE("what is wrong with a conninfo is named") {
  CHECK_THAT(complaint_about("host=x passwrod=pw"), Catch::Contains("option \"passwrod\""));
  CHECK_THAT(complaint_about("postgresql://h/db?nope=1"), Catch::Contains("\"nope\""));
  CHECK_THAT(complaint_about("postgresql://u:secret@h/db?nope=1"), Catch::Contains("\"nope\""));
  CHECK_THAT(complaint_about("host=x shop"), Catch::Contains("missing \"=\" after \"shop\""));
  CHECK(check_conninfo("host=x passwrod=pw").error().code == atelier::exit_code::wrong_usage);
}

TEST_CASE("what is wrong with a conninfo is named without its password") {
  for (const auto* conninfo :
       {"host=x passwrod=secret", "host=x password=my secret", "password=my secret=1 host=x",
        "password='secret host=x", "postgresql://u:secret%zz@h/db", "postgresql://u:secret@[::1/db",
        "postgresql://u:secret%00@h/db", "postgresql://h/db?password=secret%zz",
        "postgresql://h/db?password=secret&nope=1"}) {
    INFO(conninfo);
    const auto said = complaint_about(conninfo);
    INFO(said);
    CHECK_FALSE(said.empty());
    CHECK(said.find("secret") == said.npos);
  }
}

TEST_CASE("a conninfo says what it holds") {
  CHECK(said_in("host=db user=reader", "user") == "reader");
  CHECK(said_in("postgresql://reader@db/shop", "dbname") == "shop");
  CHECK_FALSE(said_in("host=db", "user"));
  CHECK_FALSE(said_in("shop", "dbname"));
  CHECK(holds_password("postgresql://u:p@db/shop"));
  CHECK_FALSE(holds_password("host=db"));
}
