// `atelier etl load`, `check` and `sample` as an operator meets them: the program, real files, a real
// PostgreSQL.
#include "etl/next_tables.hpp"
#include "integration/etl_house.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::finished;
using test::temp_dir;
using test::test_database;

namespace {

// A role that may load into the database, and may nothing else.
void make_loader(const test_database& database, const std::string& role) {
  ask(database,
      fmt::format("create role {0} login; grant create on database {1} to {0}; alter schema atelier "
                  "owner to {0}",
                  role, database.name()));
  ask(database,
      fmt::format("do $$ declare t text; begin for t in select c.oid::regclass from pg_class c where "
                  "relnamespace = 'atelier'::regnamespace and relkind in ('r', 'S') and not exists "
                  "(select from pg_depend where objid = c.oid and deptype = 'i') loop execute "
                  "'alter table ' || t || ' owner to {}'; end loop; end $$",
                  role));
}

}  // namespace

TEST_CASE("a sample is loaded as it is: rows, indexes, sequences, and nothing left over", "[etl]") {
  const temp_dir folder;
  make_sample(folder, 200);
  const test_database database;
  const auto report = (folder / "report.json").string();
  const auto done = load(database, folder.path(), {"--report", report});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(done.output.find("total") != std::string::npos);

  for (const auto* table : {"questions", "answers", "characteristic_reviews", "reviews"}) {
    const auto figures = of_set(report, table);
    CHECK(figures.rows_read == figures.loaded);
    CHECK(ask(database, fmt::format("select count(*) from atelier.{}", table)) ==
          std::to_string(figures.loaded));
  }
  CHECK(ask(database, "select sum(cardinality(photo_ids)) from atelier.reviews") ==
        std::to_string(lines_of(folder / "reviews_photos.csv") - 1));
  CHECK(ask(database, "select sum(cardinality(photo_ids)) from atelier.answers") ==
        std::to_string(lines_of(folder / "answers_photos.csv") - 1));
  CHECK(ask(database, "select count(*) from atelier.product_meta") == "200");
  CHECK(ask(database,
            "select bool_and(exists (select from pg_indexes where schemaname = 'atelier' and indexname = "
            "name)) from unnest(array["
            "'reviews_pkey', 'reviews_id', 'questions_id', 'answers_id', 'answers_pkey', "
            "'characteristic_reviews_id']) as name") == "t");
  CHECK(ask(database, "select reloptions from pg_class where oid = 'atelier.reviews'::regclass") ==
        "{fillfactor=90}");
  for (const auto* pair : {"review_ids reviews", "question_ids questions", "answer_ids answers",
                           "characteristic_review_ids characteristic_reviews"}) {
    std::istringstream words(pair);
    std::string sequence, table;
    words >> sequence >> table;
    CHECK(ask(database, fmt::format("select nextval('atelier.{}') = (select max(id) + 1 from atelier.{})",
                                    sequence, table)) == "t");
  }
  CHECK(ask(database, "select count(*) from pg_namespace where nspname in ('atelier_next', 'atelier_old')") ==
        "0");

  CHECK(wrong_counters(database) == "0");
}

TEST_CASE("what a load publishes has its statistics, and its pages are known to be visible to all", "[etl]") {
  const temp_dir folder;
  make_sample(folder, 200);
  const test_database database;
  REQUIRE(load(database, folder.path()).code == 0);
  REQUIRE(load(database, folder.path(), {"--mode", "replace"}).code == 0);
  for (const auto table : etl::loaded_tables) {
    INFO(table);
    CHECK(ask(database,
              fmt::format("select reltuples = (select count(*) from atelier.{0}) and relpages > 0 and"
                          " relallvisible = relpages from pg_class where oid = 'atelier.{0}'::regclass",
                          table)) == "t");
    CHECK(ask(database,
              fmt::format("select count(*) = (select count(*) from pg_stats where schemaname = 'atelier'"
                          " and tablename = '{0}' and n_distinct is not null) from pg_attribute"
                          " where attrelid = 'atelier.{0}'::regclass and attnum > 0 and not attisdropped",
                          table)) == "t");
  }
}

TEST_CASE("a file with a header only has no rows, and its table none", "[etl]") {
  small_set set;
  for (const auto* name : {"answers", "answers_photos"})
    set.files[name].resize(set.files[name].find('\n') + (name == std::string("answers") ? 1 : 0));
  const temp_dir folder;
  const test_database database;
  const auto report = (folder / "report.json").string();
  const auto done = load(database, set.write(folder), {"--report", report});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  for (const auto* name : {"answers", "answers_photos"}) CHECK(of_set(report, name).rows_read == 0);
  CHECK(ask(database, "select count(*) from atelier.answers") == "0");
  CHECK(ask(database, "select count(*) from atelier.questions") == "1");
  CHECK(ask(database, "select nextval('atelier.answer_ids')") == "1");
  CHECK(load(database, folder.path(), {"--mode", "append"}).code == 0);
}

TEST_CASE("photos find their rows in any order, and the first loadable row of an id wins", "[etl]") {
  small_set set;
  set.files["reviews_photos"] =
      "id,review_id,url\n"
      "9,2,\"https://x.org/9\"\n"
      "8,1,\"https://x.org/8\"\n"
      "5,77,\"https://x.org/orphan\"\n"  // no such review: does not hold its id
      "5,1,\"https://x.org/5\"\n"
      "8,2,\"https://x.org/late\"\n"  // duplicate of the 8 above
      "8,1,\"https://x.org/echo\"\n"  // and so is this
      "7,2,\"https://x.org/say \"\"7\"\"\"\n";
  const temp_dir folder;
  const test_database database;
  const auto report = (folder / "report.json").string();
  const auto source = set.write(folder);
  const auto done = load(database, source, {"--report", report, "--max-rejects", "9"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, "select photo_ids::text || photo_urls::text from atelier.reviews where id = 1") ==
        "{5,8}{https://x.org/5,https://x.org/8}");
  CHECK(ask(database, "select photo_ids::text from atelier.reviews where id = 2") == "{7,9}");
  CHECK(ask(database, "select photo_urls[1] from atelier.reviews where id = 2") == "https://x.org/say \"7\"");
  const auto checked = (folder / "check.json").string();  // there no photo waits for its row
  REQUIRE(run_etl({"check", source, "--report", checked}).code == 0);
  for (const auto& figures : {report, checked}) {
    INFO(figures);
    const auto photos = of_set(figures, "reviews_photos");
    CHECK(photos.loaded == 4);
    CHECK(photos.duplicates == 2);
    CHECK(photos.rejects.at("unknown_parent") == 1);
  }
  CHECK(ask(database, "select last_value from atelier.review_photo_ids") == "9");
}

TEST_CASE("two files that both number their photos from one are loaded, each id once, in few transactions",
          "[etl]") {
  constexpr int photos = 4000;
  small_set set;
  for (const auto* sets : {"reviews reviews_photos review", "answers answers_photos answer"}) {
    std::istringstream words(sets);
    std::string parents, name, parent;
    words >> parents >> name >> parent;
    const auto last =
        set.files[parents].substr(set.files[parents].rfind('\n', set.files[parents].size() - 2) + 1);
    const auto next = std::count(set.files[parents].begin(), set.files[parents].end(), '\n');
    for (auto i = next; i <= photos; ++i) set.files[parents] += std::to_string(i) + last.substr(1);
    set.files[name] = set.files[name + "_2"] = fmt::format("id,{}_id,url\n", parent);
    for (int i = 1; i <= photos; ++i) {
      // Of the first file's odd ones there is no parent.
      set.files[name] += fmt::format("{},{},first {}\n", i, i % 2 ? photos + i : i, i);
      set.files[name + "_2"] += fmt::format("{},{},second {}\n", i, i == 1 ? 4 : i - i % 2 + 1, i);
    }
  }
  const temp_dir folder;
  const test_database database;
  constexpr auto transactions = "select xact_commit from pg_stat_database where datname = current_database()";
  const auto report = (folder / "report.json").string();
  const auto source = set.write(folder);
  const auto before = std::stoll(ask(database, transactions));
  const auto done = load(database, source, {"--max-rejects", "100%", "--report", report});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(std::stoll(ask(database, transactions)) - before < 500);
  for (const auto* table : {"reviews", "answers"}) {
    INFO(table);
    CHECK(ask(database, fmt::format("select count(*) || ' ' || count(distinct i) || ' ' || count(*) filter "
                                    "(where u = 'first ' || i)"
                                    " || ' ' || count(*) filter (where u = 'second ' || i) from atelier.{},"
                                    " unnest(photo_ids, photo_urls) as p(i, u)",
                                    table)) == "4000 4000 2000 2000");
    CHECK(ask(database,
              fmt::format("select photo_ids::text || ' ' || photo_urls::text from atelier.{} where id = 4",
                          table)) == "{1,4} {\"second 1\",\"first 4\"}");
    CHECK(ask(database, fmt::format("select last_vacuum is not null from pg_stat_user_tables where relid = "
                                    "'atelier.{}'::regclass",
                                    table)) == "t");
  }
}

TEST_CASE("parts, other orders and headers in other words are one set", "[etl]") {
  small_set set;
  set.files["questions_2"] =
      "\xef\xbb\xbf Helpful,productId,Body,ID,Date_Written,ASKER NAME\r\n4,9,it's,3,2021-01-17,n\r\n";
  set.files["questions_10"] = "4,9,\"no header\",1596080481467,\"n\",\"a@b\",false,3\n";
  const temp_dir folder;
  const test_database database;
  const auto done = load(database, set.write(folder));
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, "select string_agg(id || body, ',' order by id) from atelier.questions") ==
        "1b,3it's,4no header");
}

TEST_CASE("a damaged first row or a comment above the header does not hide which set a file is", "[etl]") {
  const std::string rest = ",1,\"b\",1596080481467,\"n\",\"a@b\",false,3\n";
  const std::string header = "id,product_id,body,date_written,asker_name,asker_email,reported,helpful\n";
  const struct {
    std::string file, text;
    std::int64_t loaded, rejected;
  } cases[] = {
      {"export.csv", "# made by the shop on 2020-07-30\n" + header + "1" + rest, 1, 1},
      {"export.csv", "one,two\n#;\n" + header + "1" + rest, 1, 2},
      {"questions_2.csv", "x" + rest + "2" + rest, 1, 1},
      {"questions_2.csv", "questions\nx;1;b;1596080481467;n;a@b;false;3\n2;1;b;1596080481467;n;a@b;false;3\n",
       1, 2},
      {"questions_2.csv", "x" + rest + "y" + rest, 0, 2},  // its name alone says it
  };
  for (const auto& [name, text, loaded, rejected] : cases) {
    INFO(text);
    const temp_dir folder;
    const auto report = (folder / "report.json").string();
    const auto done = run_etl({"check", folder.write(name, text), "--report", report});
    INFO(done.errors);
    REQUIRE(done.code == 0);
    const auto f = of_set(report, "questions");
    CHECK(f.loaded + f.repaired == loaded);
    CHECK(f.rejected == rejected);
  }

  // Columns that are named, but not in words that are known: their order is anybody's guess.
  const temp_dir folder;
  for (const auto* names : {"nr,product,answer,day,name,mail,bad,good\n",
                            "id,product_id,asker_name,date_written,asker_email,reported,helpful,text\n"}) {
    const auto done = run_etl({"check", folder.write("questions.csv", names + ("1" + rest) + "2" + rest)});
    CHECK(done.code == 1);
    CHECK(done.errors.find("none of the seven sets") != std::string::npos);
  }
}

TEST_CASE("every name of a characteristic is loaded, however many different ones there are", "[etl]") {
  constexpr int many = 140'000;  // more than are kept in memory
  small_set set;
  for (int i = 3; i <= many; ++i)
    set.files["characteristics"] += fmt::format("{0},{1},name {0}\n", i, 1 + i % 70'000);
  const temp_dir folder;
  const test_database database;
  const auto done = load(database, set.write(folder));
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database,
            "select count(*) || ' ' || count(distinct name) || ' ' || bool_and(name = 'name ' || id)"
            " from atelier.product_meta, unnest(characteristic_ids, characteristic_names) as k(id, name)"
            " where id > 2") == fmt::format("{0} {0} true", many - 2));
  CHECK(ask(database, "select characteristic_names::text from atelier.product_meta where product_id = 1") ==
        "{Fit,NULL,\"name 70000\",\"name 140000\"}");
}

TEST_CASE("check counts as load does", "[etl]") {
  const temp_dir folder;
  REQUIRE(run_etl({"sample", folder.path(), "--products", "300", "--unreliable", "2%"}).code == 0);
  const test_database database;
  REQUIRE(load(database, folder.path(), {"--report", folder / "load.json"}).code == 0);
  REQUIRE(run_etl({"check", folder.path(), "--report", folder / "check.json", "--jobs", "1"}).code == 0);
  for (const auto* set : {"reviews", "reviews_photos", "characteristics", "characteristic_reviews",
                          "questions", "answers", "answers_photos"}) {
    const auto a = of_set(folder / "load.json", set), b = of_set(folder / "check.json", set);
    INFO(set);
    CHECK(a.rows_read == b.rows_read);
    CHECK(a.loaded == b.loaded);
    CHECK(a.repaired == b.repaired);
    CHECK(a.duplicates == b.duplicates);
    CHECK(a.rejects == b.rejects);
    CHECK(a.rows_read == a.loaded + a.repaired + a.rejected + a.duplicates);
  }
}

TEST_CASE("a role without rights on the server, whose sessions are kept short, loads all the same", "[etl]") {
  const temp_dir folder;
  make_sample(folder, 6000, 4);  // takes longer than the sessions are kept
  const test_database database;
  const auto role = "short_of_time_" + database.name();
  make_loader(database, role);
  for (const auto* setting : {"statement_timeout = '100ms'", "idle_session_timeout = '400ms'",
                              "idle_in_transaction_session_timeout = '50ms'", "lock_timeout = '20ms'",
                              "default_transaction_isolation = 'serializable'"})
    ask(database, fmt::format("alter role {} set {}", role, setting));
  const auto as_role = fmt::format("{} user={}", database.conninfo(), role);
  for (const auto* mode : {"replace", "append"}) {
    const auto done = run_etl({"load", folder.path(), "--db", as_role, "--mode", mode});
    INFO(done.errors);
    CHECK(done.code == 0);
  }
  CHECK(wrong_counters(database) == "0");
  ask(database, fmt::format("drop owned by {0} cascade; drop role {0}", role));
}

TEST_CASE("a role that is no superuser loads over TCP with its password", "[etl]") {
  small_set set;
  const temp_dir folder;
  test::private_postgres server;
  const auto port = server.ask_for_passwords();
  const test_database database(test_database::content::schema, server);
  make_loader(database, "loader");
  ask(database, "alter role loader password 'it''s secret'");
  const auto by_tcp = fmt::format("host=127.0.0.1 port={} user=loader dbname={}", port, database.name());
  const auto source = set.write(folder);
  const struct {
    std::vector<std::string> environment;
    int code;
    const char* said;
  } cases[] = {
      {{}, 1, "no password supplied"},
      {{"PGPASSWORD=secret"}, 1, "password authentication failed"},
      {{"PGPASSWORD=it's secret"}, 0, ""},
  };
  for (const auto* mode : {"replace", "append"})
    for (const auto& [environment, code, said] : cases) {
      const auto done = run_etl({"load", source, "--db", by_tcp, "--mode", mode}, environment);
      INFO(done.errors);
      CHECK(done.code == code);
      CHECK(done.errors.find(said) != std::string::npos);
    }
  CHECK(ask(database, "select count(*) from atelier.reviews") == "2");
  CHECK(ask(database, "select string_agg(mode || ' ' || outcome, ', ' order by id) from atelier.loads") ==
        "replace published, append published");
  CHECK(ask(database, "select rolsuper from pg_roles where rolname = 'loader'") == "f");
}
