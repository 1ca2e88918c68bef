#include "etl/random.hpp"
#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;
using namespace atelier::etl::test;
using rows = std::vector<std::vector<std::string>>;

TEST_CASE("LF, CRLF and CR end a record, also mixed, and the last needs none") {
  CHECK(fields_of("a,b\nc,d\r\ne,f\rg,h") == rows{{"a", "b"}, {"c", "d"}, {"e", "f"}, {"g", "h"}});
}

TEST_CASE("blank lines are no rows, lines of commas are") {
  CHECK(fields_of("\n\r\n  \na\n\t\n,,\n\n") == rows{{"a"}, {"", "", ""}});
}

TEST_CASE("a byte-order mark is skipped and counted in the offset") {
  const auto all = read_all("\xef\xbb\xbfid,x\n1,2\n");
  REQUIRE(all.size() == 2);
  CHECK(all[0].fields == std::vector<std::string>{"id", "x"});
  CHECK(all[0].offset == 3);
  CHECK(all[1].offset == 8);
}

TEST_CASE("quotes keep commas, line ends and doubled quotes in a field") {
  CHECK(fields_of("1,\"a, b\",\"x\ny\",\"say \"\"hi\"\"\",\"\"\n2\n") ==
        rows{{"1", "a, b", "x\ny", "say \"hi\"", ""}, {"2"}});
}

TEST_CASE("blanks may stand outside the quotes") {
  CHECK(fields_of("1, \"a,b\" ,c\n") == rows{{"1", "a,b", "c"}});
}

TEST_CASE("a record knows its first physical line and its offset") {
  const auto all = read_all("a\n\"x\ny\r\nz\"\n\nb\r\nc\n");
  REQUIRE(all.size() == 4);
  CHECK(all[1].line == 2);
  CHECK(all[2].line == 6);
  CHECK(all[2].offset == 12);
  CHECK(all[3].line == 7);
}

TEST_CASE("an unterminated quote costs its own record") {
  const auto all = read_all("1,\"open,2\n2,\"good\",3\n3,\"fine\",4\n");
  REQUIRE(all.size() == 3);
  CHECK(all[0].fault == record_fault::bad_quoting);
  CHECK(all[0].raw == "1,\"open,2");
  CHECK(all[1].fields == std::vector<std::string>{"2", "good", "3"});
  CHECK(all[2].fields == std::vector<std::string>{"3", "fine", "4"});
}

TEST_CASE("an unterminated quote that closes by accident costs no more than its neighbour") {
  // The text of the second row begins with a comma, so that its opening quote seems to close the first one's.
  const auto all = read_all("1,\"open,2\n2,\", and\",3\n3,\"fine\",4\n");
  REQUIRE(!all.empty());
  CHECK(all.back().fields == std::vector<std::string>{"3", "fine", "4"});
  CHECK(all.front().fault == record_fault::bad_quoting);
}

TEST_CASE("an unterminated quote at the end of the file gives back the lines it swallowed") {
  const auto all = read_all("1,\"open\n2,b\n3,c\n");
  REQUIRE(all.size() == 3);
  CHECK(all[0].fault == record_fault::bad_quoting);
  CHECK(all[1].fields == std::vector<std::string>{"2", "b"});
  CHECK(all[1].line == 2);
  CHECK(all[2].fields == std::vector<std::string>{"3", "c"});
}

TEST_CASE("an unterminated quote in a file without other quotes gives back the lines it swallowed") {
  std::string bytes = "1,\"open,3\n";
  std::size_t rows_behind = 0;
  while (bytes.size() < 3 * record_bytes_max) {
    bytes += "2,3,4\n";
    ++rows_behind;
  }
  const auto all = read_all(bytes, 1 << 16, 3);
  CHECK(all.front().fault == record_fault::bad_quoting);
  CHECK(all.size() == rows_behind + 1);
}

TEST_CASE("a well-quoted field is not split, even if its text looks like rows") {
  CHECK(fields_of("1,\"2,3\n4,5\n6,7\",8\n9,10,11\n") ==
        rows{{"1", "2,3\n4,5\n6,7", "8"}, {"9", "10", "11"}});
}

TEST_CASE("a well-quoted field before a damaged one is not split") {
  const auto all = read_all("1,\"x\ny\",\"a \"b\" c\",2\n3,4\n");
  REQUIRE(all.size() == 2);
  CHECK(all[0].fault == record_fault::bad_quoting);
  CHECK(all[0].raw == "1,\"x\ny\",\"a \"b\" c\",2");
  CHECK(all[1].line == 3);
}

TEST_CASE("a text of many lines is not split because a bare field behind it has a quote") {
  const std::string bytes = "1,\"x\ny\",5\" pipe\r\n2,\"x\ny\",\"z\"\n3,\"x\ny\",5\" pipe";
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
    const auto all = read_all(bytes, chunk, 3);
    REQUIRE(all.size() == 3);
    CHECK(all[0].fields == std::vector<std::string>{"1", "x\ny", "5\" pipe"});
    CHECK(all[1].line == 3);
    CHECK(all[2].fields == std::vector<std::string>{"3", "x\ny", "5\" pipe"});
  }
}

TEST_CASE("an unterminated quote that closes before a bare field is told by the number of columns") {
  const auto text = std::string(2 * record_bytes_max, 'x');
  for (const auto& behind :
       std::vector<std::string>{"", ",\"say \"hi\" twice\"", ",\"" + text + '"', ",\"open"}) {
    const auto bytes = "1,\"open,2\n2,\", and\"" + behind + "\n3,\"fine\",4\n";
    for (const std::size_t columns : {3, 6}) {
      if (columns == 3 && behind.empty()) continue;  // as many as there are: a good record
      const auto all = read_all(bytes, 1000, columns);
      REQUIRE(all.size() >= 2);
      CHECK(all[0].fault == record_fault::bad_quoting);
      CHECK(all[0].raw == "1,\"open,2");
      CHECK(all.back().fields == std::vector<std::string>{"3", "fine", "4"});
      CHECK((read_all(bytes, 1 << 20, columns) == all));
    }
  }
}

TEST_CASE("a well-quoted text that looks like rows is not split, whatever else is wrong with its record") {
  const std::vector<std::string> texts{"line1\n9,8,7,6\nline3", "line1\n9,8,7,6\n",
                                       "a,b,c\n9,8,7,6\n9,8,7,6\nd",
                                       "x\r\n9,\"\"8\"\",7,6\r\nsaid \"\"hi\"\"", "x\n9,8,7,6\nwell, "};
  const std::vector<std::string> behind{
      ",5,6,\"x\"y", ",\"x\"y",           ",5,6\" tall,7,8",       ",6\" tall",
      ",n 6\"",      ",\", and\",\"x\"y", ",\", and\",5,6,\"x\"y", ",\"\",\"z\"y"};
  for (const auto& text : texts)
    for (const auto& rest : behind) {
      const auto damaged = "1,\"" + text + '"' + rest;
      const auto bytes = damaged + "\n2,3,4,5\n";
      INFO(bytes);
      for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
        const auto all = read_all(bytes, chunk, 4);
        REQUIRE(all.size() == 2);
        CHECK(all[0].raw == damaged);
        CHECK(all[1].fields == std::vector<std::string>{"2", "3", "4", "5"});
      }
    }
}

TEST_CASE("rows that an unterminated quote swallowed are given back, where it closed by accident") {
  // Three rows without a quote, then one whose text begins with a comma.
  const std::string bytes =
      "1,\"open, or not,3\n2,b,3\n3,b,3\n4,b,3\n5,\", and\",\"say \"hi\" twice\"\n6,\"fine\",3\n";
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
    const auto all = read_all(bytes, chunk, 3);
    REQUIRE(all.size() == 6);
    CHECK(all[0].raw == "1,\"open, or not,3");
    CHECK(all[1].fields == std::vector<std::string>{"2", "b", "3"});
    CHECK(all[4].fault == record_fault::bad_quoting);
    CHECK(all[5].fields == std::vector<std::string>{"6", "fine", "3"});
  }
}

TEST_CASE("a quote that stands alone on its line gives back the rows that it swallowed") {
  const std::string bytes = "1,b,3\n\"\n2,b,3\n3,b,3\n4,\", and, so\",3\n5,b,3\n";
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
    const auto all = read_all(bytes, chunk, 3);
    REQUIRE(all.size() == 6);
    CHECK(all[1].raw == "\"");
    CHECK(all[2].fields == std::vector<std::string>{"2", "b", "3"});
    CHECK(all[4].fields == std::vector<std::string>{"4", ", and, so", "3"});
  }
}

TEST_CASE("a text over the limit that looks like rows is one record, whose end is looked for further on") {
  const auto longer = [](std::size_t than) { return std::string(record_bytes_max + than, 'x'); };
  for (const auto& [beginning, ending] :
       std::vector<std::pair<std::string, std::string>>{{"x\n7,8,9\n", "\",3"},
                                                        {"x\n7,8,9\n", "\"\"said\"\"\" ,\"z\""},
                                                        {"x\n7,8,9\n", "\n\",3"},
                                                        {"x\n7,8,9\n", ",\",3"}})
    for (const std::size_t over :
         {std::size_t{0}, std::size_t{100'000}, record_reader::ahead_bytes_max - 100}) {
      const auto bytes = "1,\"" + beginning + longer(over) + ending + "\n2,b,3\n";
      const auto all = read_all(bytes, 1 << 20, 3);
      CHECK((read_all(bytes, 777, 3) == all));  // not to be printed
      REQUIRE(all.size() == 2);
      CHECK(all[0].fault == record_fault::too_long);
      CHECK(all[1].fields == std::vector<std::string>{"2", "b", "3"});
    }
}

TEST_CASE("rows that an unterminated quote swallowed are given back, however far the next quote is") {
  for (const std::size_t rows_before : {180'000, 300'000, 500'000}) {  // of 6 bytes each
    std::string bytes = "1,\"open,3\n";
    for (std::size_t n = 0; n < rows_before; ++n) bytes += "2,3,4\n";
    bytes += "3,\"fine\",4\n4,\", and\",5\n";
    const auto all = read_all(bytes, 1 << 16, 3);
    CHECK((read_all(bytes, 999, 3) == all));
    REQUIRE(all.size() == rows_before + 3);
    CHECK(all[0].fault == record_fault::bad_quoting);
    CHECK(all.back().fields == std::vector<std::string>{"4", ", and", "5"});
  }
}

TEST_CASE("a record over the limit is one record, and what follows is read") {
  for (const bool quoted : {false, true}) {
    std::string text(2 * record_bytes_max + 5, 'x');
    if (quoted) text = '"' + text + "\n\n\"";
    const auto bytes = "1,a\n2," + text + "\n3,b\n";
    const auto all = read_all(bytes, 1000, 2);
    CHECK(read_all(bytes, 1 << 20, 2) == all);
    REQUIRE(all.size() == 3);
    CHECK(all[1].fault == record_fault::too_long);
    CHECK(all[1].offset == 4);
    CHECK(all[1].line == 2);
    CHECK(all[2].fields == std::vector<std::string>{"3", "b"});
    CHECK(all[2].line == (quoted ? 5 : 3));
  }
}

TEST_CASE("the limit is the same for every chunk size") {
  for (const std::size_t over : {1, 1000, 300'000})
    for (const std::size_t chunk : {999, 1 << 20})
      CHECK(read_all("1," + std::string(record_bytes_max - 2 + over, 'x') + "\n", chunk).at(0).fault ==
            record_fault::too_long);
}

TEST_CASE("a record of exactly the limit is read") {
  const std::string text(record_bytes_max - 4, 'x');
  const auto all = read_all("1,\"" + text + "\"\n2,b\n", 4096, 2);
  REQUIRE(all.size() == 2);
  CHECK(all[0].fault == record_fault::none);
  CHECK(all[0].fields[1].size() == text.size());
}

TEST_CASE("any chunk size gives the same records") {
  const std::string bytes =
      "\xef\xbb\xbfid, name\r\n1,\"a \"\"b\"\" c\"\r2,\"x\r\ny\"\r\n\r\n3,\"open\n4,\"good\" , "
      "\"z\"\n5,\"un\"esc\"\n\n,,\r6,it's 5\" long\n7,\"end";
  const auto whole = read_all(bytes);
  CHECK(whole.size() == 9);
  for (std::size_t chunk = 1; chunk < bytes.size(); ++chunk) CHECK(read_all(bytes, chunk) == whole);
}

TEST_CASE("random bytes read the same in any chunks, and no byte is lost") {
  const std::uint64_t seed = 20'240'501;
  INFO("seed " << seed);
  constexpr std::string_view alphabet = "ab,,,\"\"\n\r '\\";
  for (std::uint64_t round = 0; round < 2000; ++round) {
    INFO("round " << round);
    random_stream random(seed, round);
    std::string bytes;
    for (auto n = random.below(120); n > 0; --n) bytes += alphabet[random.below(alphabet.size())];
    const auto whole = read_all(bytes);
    REQUIRE(read_all(bytes, 1) == whole);
    REQUIRE(read_all(bytes, 1 + random.below(7)) == whole);
    // Records lie one behind the other; between them stand only line ends and blank lines.
    std::size_t at = 0;
    for (const auto& r : whole) {
      REQUIRE(r.offset >= at);
      REQUIRE(bytes.substr(at, r.offset - at).find_first_not_of("\r\n \t") == std::string::npos);
      REQUIRE(bytes.substr(r.offset, r.raw.size()) == r.raw);
      at = r.offset + r.raw.size();
    }
    REQUIRE(bytes.substr(at).find_first_not_of("\r\n \t") == std::string::npos);
  }
}

TEST_CASE("random records come back as they were written") {
  const std::uint64_t seed = 77;
  INFO("seed " << seed);
  constexpr std::string_view alphabet = "abc,\"\n\r' \\";
  for (std::uint64_t round = 0; round < 500; ++round) {
    INFO("round " << round);
    random_stream random(seed, round);
    rows written;
    std::string bytes;
    for (auto n = random.below(8); n > 0; --n) {
      std::vector<std::string> fields;
      for (auto f = 1 + random.below(5); f > 0; --f) {
        std::string text;
        for (auto c = random.below(12); c > 0; --c) text += alphabet[random.below(alphabet.size())];
        bytes += fields.empty() ? "\"" : ",\"";
        for (const char c : text) bytes.append(c == '"' ? 2 : 1, c);
        bytes += '"';
        fields.push_back(text);
      }
      bytes += random.below(2) ? "\n" : "\r\n";
      written.push_back(fields);
    }
    REQUIRE(fields_of(bytes, 1 + random.below(20)) == written);
  }
}
