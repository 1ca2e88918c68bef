// Where files come from and how they are packed: the same data give the same figures.
#include "integration/etl_house.hpp"
#include "integration/object_store.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <simdjson.h>
#include <zlib.h>

#include <optional>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::temp_dir;

namespace {

constexpr std::array all_sets{"reviews",   "reviews_photos", "characteristics", "characteristic_reviews",
                              "questions", "answers",        "answers_photos"};

std::string gzipped(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A zip of files, or one file in zstd.
void write_archive(const std::string& path, bool zip, const std::map<std::string, std::string>& files) {
  archive* to = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(to);
  } else {
    archive_write_set_format_raw(to);
    archive_write_add_filter_zstd(to);
  }
  REQUIRE(archive_write_open_filename(to, path.c_str()) == ARCHIVE_OK);
  for (const auto& [name, text] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    REQUIRE(archive_write_header(to, entry) == ARCHIVE_OK);
    REQUIRE(archive_write_data(to, text.data(), text.size()) == static_cast<la_ssize_t>(text.size()));
    archive_entry_free(entry);
  }
  REQUIRE(archive_write_close(to) == ARCHIVE_OK);
  archive_write_free(to);
}

std::string sha256_of(const std::string& bytes) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), sum, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", sum[i]);
  return hex;
}

// What check says of a source, all figures of all sets in one text.
std::string figures_of(const std::string& source, const std::vector<std::string>& environment = {}) {
  const temp_dir out;
  const auto report = out / "report.json";
  const auto done = run_etl({"check", source, "--report", report}, environment);
  INFO(source << ": " << done.errors);
  REQUIRE(done.code == 0);
  std::string all;
  for (const auto* set : all_sets) {
    const auto f = of_set(report, set);
    all +=
        fmt::format("{} {} {} {} {} {}\n", set, f.rows_read, f.loaded, f.repaired, f.rejected, f.duplicates);
  }
  return all;
}

std::string code_and_errors(const std::string& source, const std::vector<std::string>& environment = {}) {
  const auto done = run_etl({"check", source}, environment);
  return fmt::format("{} {}", done.code, done.errors);
}

using Catch::Contains;

}  // namespace

TEST_CASE("gzip, zstd and zip are told by their content, and their bytes are those of the file as stored",
          "[etl]") {
  const temp_dir plain, packed, zip;
  make_sample(plain, 300, 1, "2%");
  const auto expected = figures_of(plain.path());
  std::map<std::string, std::string> members;
  for (const auto* set : all_sets) {
    const auto text = test::read_file(plain / fmt::format("{}.csv", set));
    members[fmt::format("data/{}.csv", set)] = text;
    // A stream of two members, under a name that says nothing of it.
    const auto half = text.size() / 2;
    if (set == std::string("reviews"))
      packed.write("reviews.csv", gzipped(text.substr(0, half)) + gzipped(text.substr(half)));
    else if (set == std::string("answers"))
      write_archive(packed / "answers.csv.zst", false, {{"answers", text}});
    else
      packed.write(fmt::format("{}.csv.gz", set), gzipped(text));
  }
  members["readme.txt"] = "nothing";
  write_archive(zip / "data.zip", true, members);
  CHECK(figures_of(packed.path()) == expected);
  CHECK(figures_of(zip / "data.zip") == expected);

  const auto report = zip / "report.json";
  REQUIRE(run_etl({"check", packed / "reviews.csv", "--report", report}).code == 0);
  const auto stored = test::read_file(packed / "reviews.csv");
  CHECK(test::read_file(report).find(fmt::format("\"bytes\":{}", stored.size())) != std::string::npos);
  CHECK(test::read_file(report).find(sha256_of(stored)) != std::string::npos);
}

TEST_CASE("bad rows first and many good ones behind them are not too many in a zip file either", "[etl]") {
  std::string text = "id,product_id,name\n";
  for (int i = 1; i < 4000; ++i) text += fmt::format("{},x,A\n", i);
  for (int i = 4000; i < 60'000; ++i) text += fmt::format("{},1,A\n", i);
  const temp_dir folder;
  write_archive(folder / "data.zip", true, {{"characteristics.csv", text}});
  REQUIRE(std::filesystem::file_size(folder / "data.zip") < text.size() / 3);
  CHECK_THAT(code_and_errors(folder / "data.zip", {"ATELIER_ETL_CHECK_MAX_REJECTS=7%"}), Contains("0 "));
  CHECK_THAT(code_and_errors(folder / "data.zip", {"ATELIER_ETL_CHECK_MAX_REJECTS=6%"}), Contains("3 "));
}

TEST_CASE("a share is judged while a file of unknown length is read, when very many rows could not hold it",
          "[etl]") {
  std::string text = "id,product_id,name\n";
  for (int i = 1; i < 300'000; ++i) text += fmt::format("{},x,A\n", i);
  const temp_dir folder;
  folder.write("characteristics.csv", gzipped(text));
  const auto report = folder / "report.json";
  const auto rows_read = [&](const std::string& limit) {
    const auto done =
        run_etl({"check", folder / "characteristics.csv", "--max-rejects", limit, "--report", report});
    INFO(done.errors);
    CHECK(done.code == 3);
    return of_set(report, "characteristics").rows_read;
  };
  const auto early = rows_read("0.1%");  // of 50 million
  CHECK(early >= 50'000);
  CHECK(early < 60'000);
  CHECK(rows_read("50%") == 299'999);
}

TEST_CASE("a compressed file that is cut or damaged is an error", "[etl]") {
  const temp_dir plain, bad;
  make_sample(plain, 300);
  const auto text = test::read_file(plain / "reviews.csv");
  const auto gz = gzipped(text);
  auto flipped = gz;
  flipped[flipped.size() - 6] ^= 0x10;  // of the checksum
  CHECK_THAT(code_and_errors(bad.write("a.csv", gz.substr(0, gz.size() / 2))),
             Contains("1 ") && Contains("ends in the middle"));
  CHECK_THAT(code_and_errors(bad.write("b.csv", flipped)), Contains("1 ") && Contains("damaged gzip"));
  CHECK_THAT(code_and_errors(bad.write("c.csv", gzipped(""))), Contains("1 ") && Contains("is empty"));
  write_archive(bad / "d.csv", false, {{"reviews", text}});
  const auto zstd = test::read_file(bad / "d.csv");
  CHECK_THAT(code_and_errors(bad.write("d.csv", zstd.substr(0, zstd.size() - 20))),
             Contains("1 ") && Contains("zstd"));
  write_archive(bad / "e.zip", true, {{"reviews.csv", text}});
  const auto zip = test::read_file(bad / "e.zip");
  CHECK_THAT(code_and_errors(bad.write("e.zip", zip.substr(0, zip.size() / 2))),
             Contains("1 ") && Contains("cannot be unpacked"));
}

TEST_CASE("a zstd stream may begin with a frame to be skipped, as those of pzstd do", "[etl]") {
  const temp_dir plain, packed;
  make_sample(plain, 50);
  const auto text = test::read_file(plain / "reviews.csv");
  const std::string skipped("\x5f\x2a\x4d\x18\x04\0\0\0size", 12);
  std::string stream;
  for (const auto& half : {text.substr(0, text.size() / 2), text.substr(text.size() / 2)}) {
    write_archive(packed / "half", false, {{"half", half}});
    stream += skipped + test::read_file(packed / "half");
  }
  const auto read = run_etl({"read", packed.write("reviews.csv", stream)});
  CHECK(read.code == 0);
  CHECK((read.output == run_etl({"read", plain / "reviews.csv"}).output));
  CHECK_THAT(code_and_errors(packed.write("cut.csv", stream.substr(0, stream.size() - 20))),
             Contains("1 ") && Contains("damaged zstd stream"));
}

TEST_CASE("what is plainly no text is said to be none, and not printed", "[etl]") {
  const temp_dir folder;
  std::string random;
  for (unsigned i = 0, x = 1; i < 5000; ++i)
    random += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  std::string tar("reviews.csv");
  tar.resize(257);
  tar += "ustar";
  tar.resize(512);
  tar += std::string(100'000, 'x');
  for (const auto& [bytes, what] : {std::pair{random, "binary data"},
                                    {std::string("\xfd\x37zXZ\0\0", 7), "an xz stream"},
                                    {tar, "a tar archive"},
                                    {gzipped(tar), "a tar archive"}}) {
    const auto file = folder.write("reviews.csv", bytes).string();
    const auto read = run_etl({"read", file});
    CHECK(read.output.empty());
    CHECK(read.code == 1);
    CHECK_THAT(read.errors, Contains(fmt::format("'{}' is no text but {}: unpack it", file, what)));
    CHECK_THAT(code_and_errors(file),
               Contains("1 ") && Contains(fmt::format("'{}' is no text but {}: give it", file, what)));
  }
  // A damaged text is one, and so is what is said to be.
  CHECK(run_etl({"read", folder.write("a.csv", std::string("a,b\n1,\0\0\0\n", 10))}).code == 0);
  CHECK(run_etl({"read", folder.write("a.csv", random), "--encoding", "latin1"}).code == 0);
}

TEST_CASE("Latin-1 of which the first megabytes are ASCII is read as what it is, from whatever source",
          "[etl]") {
  std::string text = "id,product_id,name\n";
  for (int i = 1; i <= 200'000; ++i) text += fmt::format("{},1,plain\n", i);
  for (int i = 200'001; i <= 200'010; ++i) text += fmt::format("{},1,caf\xe9\n", i);
  const temp_dir folder;
  const auto file = folder.write("characteristics.csv", text).string();
  for (const auto& source : {file, folder.write("packed.csv", gzipped(text)).string()}) {
    const auto report = folder / "report.json";
    const auto done = run_etl({"check", source, "--report", report});
    CHECK_THAT(done.errors, Contains("encoding=windows-1252"));
    CHECK(of_set(report, "characteristics").loaded == 200'010);
  }
  const auto read = run_etl({"read", file});
  CHECK(read.output.ends_with("200010,1,caf\xc3\xa9\n"));
}

TEST_CASE("standard input is a source", "[etl]") {
  const temp_dir plain, out;
  make_sample(plain, 100);
  for (const auto* how : {"cat", "gzip -c"}) {
    const auto command =
        fmt::format("{} {} | {} etl check - --report {}", how, (plain / "questions.csv").string(),
                    ATELIER_PROGRAM, (out / "report.json").string());
    const auto done = test::run_program("/bin/sh", {"-c", command});
    INFO(done.errors);
    REQUIRE(done.code == 0);
    CHECK(of_set(out / "report.json", "questions").rows_read ==
          static_cast<std::int64_t>(lines_of(plain / "questions.csv")) - 1);
  }
}

TEST_CASE("what is compressed in a zip file is unpacked, and `read` is told which member", "[etl]") {
  const temp_dir plain, zip;
  make_sample(plain, 300, 1, "2%");
  const auto expected = figures_of(plain.path());
  std::map<std::string, std::string> members{{"data/more/notes.txt", "a;b\n1;2\n"}};
  for (const auto* set : all_sets)
    members[fmt::format("data/{}.csv.gz", set)] =
        gzipped(test::read_file(plain / fmt::format("{}.csv", set)));
  const std::string path = zip / "data.zip";
  write_archive(path, true, members);
  CHECK(figures_of(path) == expected);

  const auto read = [&](const std::string& file, const std::vector<std::string>& more) {
    std::vector<std::string> words{"read", file};
    words.insert(words.end(), more.begin(), more.end());
    return run_etl(words);
  };
  const auto questions = read(plain / "questions.csv", {}).output;
  CHECK(read(path, {"--member", "data/questions.csv.gz"}).output == questions);
  CHECK(read(path, {"--member", "questions.csv.gz"}).output == questions);
  CHECK(read(path, {"--member", "notes.txt"}).output == "a,b\n1,2\n");
  const auto says = [](const test::finished& done, int code, const std::string& what) {
    CHECK(done.code == code);
    CHECK_THAT(done.errors, Contains(what));
  };
  says(read(path, {}), 2, path + "' has 7 files: name one of them with --member: data/answers.csv.gz, data/");
  says(read(path, {"--member", "uestions.csv.gz"}), 1, "there is no 'uestions.csv.gz'");
  says(read(plain / "questions.csv", {"--member", "questions.csv"}), 2, "is no zip file");

  write_archive(zip / "twice.zip", true, {{"a.csv", "a,b\n1,2\n"}, {"old/a.csv", "a,b\n3,4\n"}});
  CHECK(read(zip / "twice.zip", {"--member", "a.csv"}).output == "a,b\n1,2\n");
  CHECK(read(zip / "twice.zip", {"--member", "old/a.csv"}).output == "a,b\n3,4\n");
  write_archive(zip / "outer.zip", true, {{"inner.zip", test::read_file(zip / "twice.zip")}});
  says(read(zip / "outer.zip", {}), 1, "unpack the outer one first");
}

TEST_CASE("the store that the tests use knows the published signatures", "[etl]") {
  const auto done =
      test::run_program(object_store::python(),
                        {std::string(ATELIER_SOURCES) + "/tests/support/object_store.py", "--self-test"});
  INFO(done.output);
  CHECK(done.code == 0);
}

TEST_CASE("a bucket is listed page by page, signed, and its keys may hold any character", "[etl]") {
  const temp_dir plain, store_folder;
  make_sample(plain, 200);
  const auto expected = figures_of(plain.path());
  for (const auto* set : all_sets) {
    const auto text = test::read_file(plain / fmt::format("{}.csv", set));
    store_folder.write(fmt::format("bucket/day 1+2/{}.csv", set), text);
    store_folder.write(fmt::format("bucket/day 1+2/deeper/{}.csv", set), text);
  }
  store_folder.write("bucket/day 1+2/notes & more.txt", "x");
  const object_store store(store_folder, object_store::keys());
  const auto environment = store.environment();
  CHECK(figures_of("s3://bucket/day 1+2", environment) == expected);
  CHECK(figures_of("s3://bucket/day 1+2/", environment) == expected);
  CHECK(figures_of("s3://bucket/day*/*.csv", environment) == expected);
  CHECK_THAT(code_and_errors("s3://bucket/day 1+2/answers.csv", environment), Contains("0 "));
  CHECK_THAT(code_and_errors("s3://bucket/night", environment), Contains("1 ") && Contains("no .csv object"));
  CHECK_THAT(code_and_errors("s3://bucket/day 1+2", store.environment("wrong")),
             Contains("1 ") && Contains("SignatureDoesNotMatch") && Contains("AWS_PROFILE"));

  // Keys from the files that all AWS tools read.
  const temp_dir home;
  home.write(
      ".aws/credentials",
      "[other]\naws_access_key_id = no\naws_secret_access_key = no\n[shop]\naws_access_key_id = AKIATEST\n"
      "aws_secret_access_key = its/secret+key\naws_session_token = a/token==\n");
  home.write(".aws/config", "[profile shop]\nregion = eu-test-1\nendpoint_url = " + store.url("") + "\n");
  CHECK(figures_of("s3://bucket/day 1+2", {"AWS_PROFILE=shop", "HOME=" + home.path().string()}) == expected);
}

TEST_CASE("an object is read though its bucket may not be listed, and a prefix there is refused", "[etl]") {
  const temp_dir store_folder, out;
  store_folder.write("bucket/day/export 1", "id,answer_id,url\n1,1,u\n");
  auto keys = object_store::keys();
  keys.emplace_back("--no-list");
  const object_store store(store_folder, keys);
  const auto report = out / "report.json";
  const auto done = run_etl({"check", "s3://bucket/day/export 1", "--report", report}, store.environment());
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(of_set(report, "answers_photos").loaded == 1);
  for (const auto* source : {"s3://bucket", "s3://bucket/day/", "s3://bucket/day/*"})
    CHECK_THAT(code_and_errors(source, store.environment()),
               Contains("1 ") && Contains("403 AccessDenied") && Contains("may read"));
  CHECK_THAT(code_and_errors("s3://bucket/night", store.environment()),
             Contains("1 ") && Contains("s3://bucket/night") && Contains("is not there"));
}

TEST_CASE("UTF-16, Latin-1, another delimiter and another quote are read as what they are", "[etl]") {
  small_set set;
  const std::string text =
      "id,product_id,body,date_written,asker_name,asker_email,reported,helpful\n1,1,\"caf\xc3\xa9, "
      "\xe2\x82\xac 5\",1596080481467,\"n\",\"a@b\",false,3\n"
      "2,1,\"\xc3\xa9t\xc3\xa9\",1596080481467,\"n\",\"a@b\",false,3\n3,1,\"x\",yesterday,\"n\",\"a@b\","
      "false,3\n";
  const auto recode = [](const std::string& utf8, const char* to) {
    const temp_dir work;
    work.write("in", utf8);
    const auto done = test::run_program(object_store::python(),
                                        {"-c",
                                         "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], "
                                         "encoding='utf-8', newline='').read().encode(sys.argv[3]))",
                                         work / "in", work / "out", to});
    REQUIRE(done.code == 0);
    return test::read_file(work / "out");
  };
  auto semicolons = text;
  std::replace(semicolons.begin(), semicolons.end(), ',', ';');
  auto apostrophes = text;
  std::replace(apostrophes.begin(), apostrophes.end(), '"', '\'');
  const temp_dir folder;
  const test::test_database database;
  const auto rejects = (folder / "rejects").string();
  for (const auto& bytes : {text, recode(text, "utf-16"), recode(text, "utf-16-be"), recode(text, "cp1252"),
                            semicolons, apostrophes}) {
    set.files["questions"] = bytes;
    const auto done =
        load(database, set.write(folder), {"--mode", "replace", "--max-rejects", "1", "--rejects", rejects});
    INFO(done.errors);
    REQUIRE(done.code == 0);
    const auto loaded = ask(database, "select string_agg(body, '|' order by id) from atelier.questions");
    CHECK(loaded.substr(0, 5) == "caf\xc3\xa9");
    CHECK(loaded.ends_with("|\xc3\xa9t\xc3\xa9"));
    simdjson::dom::parser parser;
    const auto log = test::read_file(rejects + "/questions.rejects.jsonl");
    const std::uint64_t offset = parser.parse(log)["offset"];
    // The offset is the file's own.
    const auto third = bytes.size() > text.size() + 50 ? std::string() : std::string("3");
    if (!third.empty())
      CHECK(bytes.substr(offset, 1) == third);
    else
      CHECK((bytes[offset] == '3' || bytes[offset + 1] == '3'));
  }
}

TEST_CASE("addresses that differ in what is not shown have figures of their own", "[etl]") {
  const temp_dir served;
  served.write("export", "id,answer_id,url\n1,1,u\n");
  const object_store store(served);
  const test::test_database database;
  const auto done = load(database, store.url("/web/export?part=1"),
                         {store.url("/web/export?part=2"), "--partial", "--max-rejects", "100%"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, "select count(*) || ' ' || sum(rows_read) from atelier.load_files") == "2 2");
}

TEST_CASE("a named pipe is read like standard input, from its first byte to its last", "[etl]") {
  const temp_dir folder;
  std::string text = "id,review_id,url\n";
  for (int i = 1; i <= 60'000; ++i)  // more than is looked at
    text += fmt::format("{0},{0},https://example.org/photos/{0}.jpg\n", i);
  const auto file = folder.write("photos.txt", text).string(), report = (folder / "report.json").string();
  const auto piped = [&](const std::string& command) {
    const auto script = fmt::format("mkfifo {0}/pipe; cat {1} > {0}/pipe & exec {2} etl {3}",
                                    folder.path().string(), file, ATELIER_PROGRAM, command);
    const auto done = test::run_program("/bin/sh", {"-c", script});
    std::filesystem::remove(folder / "pipe");
    INFO(done.errors);
    CHECK(done.code == 0);
    return done.output;
  };
  piped(fmt::format("check {} --report {}", (folder / "pipe").string(), report));
  CHECK(of_set(report, "reviews_photos").loaded == 60'000);
  CHECK(piped("read " + (folder / "pipe").string()) == text);
}

TEST_CASE("apostrophes as quotes throughout hold delimiters and line ends, and so do rejects to be mended",
          "[etl]") {
  const auto row = [](int id, const std::string& date) {
    return fmt::format("{};1;'it''s; {}\r\nnew';{};'n';'a@b';false;3\r\n", id, id, date);
  };
  std::string text = "id;product_id;body;date_written;asker_name;asker_email;reported;helpful\r\n";
  for (int id = 1; id <= 40; ++id) text += row(id, "1596080481467");
  text += row(50, "03/04/2020");
  const temp_dir folder;
  const test::test_database database;
  const auto rejects = (folder / "rejects").string();
  auto done =
      load(database, folder.write("questions.csv", text).string(), {"--partial", "--rejects", rejects});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  auto kept = test::read_file(folder / "rejects" / "questions.rejects.csv");
  kept.replace(kept.find("03/04/2020"), 10, "2020-04-03");
  const auto mended = folder.write("mended.csv", kept).string();
  done = load(database, mended, {"--mode", "append"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(
      ask(database, "select string_agg(body, '|' order by id) from atelier.questions where id in (1, 50)") ==
      "it's; 1\r\nnew|it's; 50\r\nnew");
}
