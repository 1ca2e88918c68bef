#include "etl/detect.hpp"
#include "etl/encoding.hpp"
#include "etl/random.hpp"
#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;
using namespace atelier::etl::test;
using rows = std::vector<std::vector<std::string>>;

TEST_CASE("a delimiter may have several bytes, whatever the chunks") {
  const std::string bytes = "a::b:::c::\n\"x::y\" ::z\n";
  for (std::size_t chunk = 1; chunk < bytes.size(); ++chunk)
    CHECK(fields_of(bytes, chunk, {"::", '"', '"'}) == rows{{"a", "b", ":c", ""}, {"x::y", "z"}});
}

TEST_CASE("a tab that separates is no blank") {
  CHECK(fields_of("a\t\t\"b\"\n", 100, {"\t", '"', '"'}) == rows{{"a", "", "b"}});
}

TEST_CASE("without a quote all quotes are letters, and a NUL is no quote") {
  using namespace std::string_literals;
  CHECK(fields_of("\"a,b\"\n\0c,d\n"s, 100, {",", '\0', '\0'}) == rows{{"\"a", "b\""}, {"\0c"s, "d"}});
}

TEST_CASE("a sign may escape the quote") {
  CHECK(fields_of("\"a \\\"b\\\", \\\\c\",d\n", 3, {",", '"', '\\'}) == rows{{"a \"b\", \\c", "d"}});
}

TEST_CASE("in every dialect any chunks give the same records") {
  const std::uint64_t seed = 4711;
  INFO("seed " << seed);
  const dialect dialects[] = {
      {",", '"', '"'}, {";", '\'', '\''}, {", ", '"', '\\'}, {"||", '"', '"'}, {",", '\0', '\0'}};
  constexpr std::string_view alphabet = "ab,,;;||\"\"''\n\r \\";
  for (std::uint64_t round = 0; round < 3000; ++round) {
    INFO("round " << round);
    random_stream random(seed, round);
    std::string bytes;
    for (auto n = random.below(160); n > 0; --n) bytes += alphabet[random.below(alphabet.size())];
    const auto& how = dialects[round % std::size(dialects)];
    const auto columns = random.below(4);
    const auto whole = read_all(bytes, 1 << 20, columns, how);
    REQUIRE(read_all(bytes, 1, columns, how) == whole);
    REQUIRE(read_all(bytes, 1 + random.below(9), columns, how) == whole);
  }
}

TEST_CASE("a quote that seemed to close, row after row, is found out by the columns") {
  std::string bytes = "1,\"open\n";
  for (int i = 2; i < 100; ++i) bytes += std::to_string(i) + ",\",\"\n";
  const auto all = read_all(bytes, 100, 2);
  CHECK(all.size() >= 98);
  CHECK(all[0].fault == record_fault::bad_quoting);
  CHECK(all[0].raw == "1,\"open");
  CHECK(all[1].fields == std::vector<std::string>{"2", ","});
}

TEST_CASE("an encoding is detected, decoded in any chunks, and places are told in the file's own bytes") {
  const std::string text = "caf\xc3\xa9,\xe2\x82\xac 5,\xf0\x9f\x98\x8d\n";
  std::string le, be;
  for (const unsigned unit :
       {0x63U, 0x61U, 0x66U, 0xE9U, 0x2CU, 0x20ACU, 0x20U, 0x35U, 0x2CU, 0xD83DU, 0xDE0DU, 0x0AU}) {
    le += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
    be += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
  }
  const auto decoded = [](const std::string& bytes, encoding which, std::size_t chunk) {
    memory_source source(bytes, chunk);
    recoded_source recoded(source, which);
    std::string out(1000, '\0');
    out.resize(*read_fully(recoded, out));
    return out;
  };
  for (std::size_t chunk = 1; chunk < 9; ++chunk) {
    CHECK(decoded(le, encoding::utf16_le, chunk) == text);
    CHECK(decoded(be, encoding::utf16_be, chunk) == text);
    CHECK(decoded("caf\xe9,\x80 5", encoding::windows_1252, chunk) == "caf\xc3\xa9,\xe2\x82\xac 5");
  }
  CHECK(stored_bytes(text, encoding::utf16_le) == le.size());
  CHECK(stored_bytes("caf\xc3\xa9", encoding::windows_1252) == 4);
  CHECK(detect_encoding("\xff\xfe" + le) == encoding::utf16_le);
  CHECK(detect_encoding(be + be) ==
        encoding::utf8);  // too many characters of other alphabets to tell without a mark
  CHECK(detect_encoding(text) == encoding::utf8);
  CHECK(detect_encoding("id,name\n", true) == encoding::ascii);
  CHECK(detect_encoding("id,name\n") == encoding::utf8);
}

TEST_CASE("Latin-1 as a whole is recognised, a damaged row of a UTF-8 file is not taken for it") {
  CHECK(detect_encoding("id,name\n1,Jos\xe9\n2,Zo\xeb\n3,Ren\xe9\n4,plain\n") == encoding::windows_1252);
  CHECK(detect_encoding("id,name\n1,Jos\xe9\n2,Zoe\n3,Rene\n4,plain\n") == encoding::utf8);
  CHECK(detect_encoding("1,Jos\xe9\n2,Zo\xc3\xab\n3,Ren\xe9\n4,Ren\xe9\n5,Ren\xe9\n") == encoding::utf8);
  CHECK(detect_encoding("1,a\xff\n2,b\xfe\n3,c\xff\n4,d\xff\n") == encoding::utf8);
}

TEST_CASE(
    "Latin-1 is recognised by words of one letter, by measures, and by the last bytes of a small file") {
  std::string italian, measures;
  for (int i = 0; i < 50; ++i) {
    italian += "1,qualit\xe0 \xe8 buona\n2,\xc8 vero\n3,c'\xe8\n4,\"\xe8 poco\"\n";
    measures +=
        "1,10\xd7"
        "15 cm\n";
  }
  CHECK(detect_encoding(italian) == encoding::windows_1252);
  CHECK(detect_encoding(measures) == encoding::windows_1252);
  CHECK(detect_encoding("a,b\n1,caf\xe9\n") == encoding::windows_1252);
  CHECK(detect_encoding("a,b\n1,caf\xe9") == encoding::windows_1252);
  CHECK(detect_encoding("a,b\n1,caf\xe2\x82", true) == encoding::utf8);  // the rest of a character may follow
}

TEST_CASE("a byte-order mark tells the order of what is said to be UTF-16") {
  for (const auto said : {encoding::utf16_le, encoding::utf16_be}) {
    CHECK(by_mark(said, "\xfe\xff") == encoding::utf16_be);
    CHECK(by_mark(said, "\xff\xfe") == encoding::utf16_le);
    CHECK(by_mark(said, "x") == said);
  }
  CHECK(by_mark(encoding::windows_1252, "\xfe\xff") == encoding::windows_1252);
}

TEST_CASE("what is no UTF-8 becomes U+FFFD, counted, and the rest stays") {
  const auto made = [](std::string text) {
    const auto replaced = make_utf8(text);
    return text + ' ' + std::to_string(replaced);
  };
  CHECK(made("caf\xc3\xa9 \xf0\x9f\x98\x8d") == "caf\xc3\xa9 \xf0\x9f\x98\x8d 0");
  CHECK(made("caf\xe9,\xc3\xa9\xff") == "caf\xef\xbf\xbd,\xc3\xa9\xef\xbf\xbd 2");
  CHECK(made("half \xed\xa0\xbd, cut \xe2\x82") == "half \xef\xbf\xbd, cut \xef\xbf\xbd\xef\xbf\xbd 3");
}

TEST_CASE("delimiter and quotes are detected") {
  const auto detected = [](std::string_view text) { return detect_dialect(text, {}); };
  CHECK(detected("a;b\n1;2,5\n2;3,5\n3;4,0\n") == dialect{";", '"', '"'});
  CHECK(detected("a\tb\n1\tx y\n2\tx y\n").delimiter == "\t");
  CHECK(detected("a, b\n1, x\n2, y\n").delimiter == ", ");
  CHECK(detected("a,b\n'x,y',2\n'it''s',3\n") == dialect{",", '\'', '\''});
  CHECK(detected("a,b\n\"x \\\"y\\\", z\",2\n").escape == '\\');
  CHECK(detected("just\none\ncolumn\n").delimiter == ",");
}

TEST_CASE("texts in apostrophes here and there do not make these the quote") {
  const auto detected = [](std::string_view text) { return detect_dialect(text, {}); };
  CHECK(detected("a,b\n'N/A',2\nx,3\ny,4\n") == dialect{});
  CHECK(detected("a,b\n'N/A',2\nx,3\n'N/A',4\ny,5\nz,6\n") == dialect{});
  CHECK(detected("a,b\n'w',2\n'x',3\n'y',4\n") == dialect{",", '\'', '\''});
}

TEST_CASE("a text of many lines before a quote in a bare field hides no dialect") {
  CHECK(detect_dialect("id,notes,size\n1,\"x\ny\",5\" pipe\n", {}) == dialect{});
}

TEST_CASE("a header is told from data, and a preamble from a table") {
  const dialect comma;
  CHECK(detect_shape("name,price\nbread,2.50\nmilk,1.20\n", comma).header_records == 1);
  CHECK(detect_shape("bread,2.50\nmilk,1.20\nsalt,0.80\n", comma).header_records == 0);
  CHECK(detect_shape("Sales\nname,price\nbread,2.50\nmilk,1.20\n", comma).skip_records == 1);
  CHECK(detect_shape("", comma).width == 0);
}

TEST_CASE("a header of one name is no title, unless it is that of the first column") {
  const auto shape = detect_shape(",value\n0,1.5\n1,2.5\n", {});
  CHECK(shape.skip_records == 0);
  CHECK(shape.header_records == 1);
  CHECK(detect_shape("Sales,\nname,price\nbread,2.50\nmilk,1.20\n", {}).skip_records == 1);
}

TEST_CASE("what is ASCII for megabytes is told by the first other bytes, and offsets stay the file's own") {
  std::string plain;
  while (plain.size() < 1'500'000) plain += "1,plain\n";
  const std::string latin = plain + "2,Jos\xe9\n3,Zo\xeb\n4,Ren\xe9\n5,caf\xe9\n";
  const std::string utf8 = plain + "2,Jos\xc3\xa9\n3,Zo\xc3\xab\n4,Ren\xc3\xa9\n5,caf\xc3\xa9\n";
  const std::string damaged = plain + "2,Jos\xe9\n" + plain;
  const auto last_of = [](const std::string& bytes, std::size_t chunk, encoding& told) {
    memory_source source(bytes, chunk);
    recoded_source recoded(source, encoding::ascii);
    record_reader reader(recoded);
    std::pair<std::string, std::uint64_t> last;
    for (;;) {
      const auto next = reader.next();
      REQUIRE(next);
      if (!*next) break;
      last = {std::string((*next)->raw), (*next)->offset};
    }
    told = recoded.stored_as();
    return last;
  };
  for (const std::size_t chunk : {777, 100'000, 1 << 20}) {
    encoding told{};
    CHECK((last_of(latin, chunk, told) ==
           std::pair<std::string, std::uint64_t>("5,caf\xc3\xa9", latin.size() - 7)));
    CHECK(told == encoding::windows_1252);
    CHECK((last_of(utf8, chunk, told) ==
           std::pair<std::string, std::uint64_t>("5,caf\xc3\xa9", utf8.size() - 8)));
    CHECK(told == encoding::utf8);
    CHECK((last_of(damaged, chunk, told) ==
           std::pair<std::string, std::uint64_t>("1,plain", damaged.size() - 8)));
    CHECK(told == encoding::utf8);
    CHECK(last_of(plain, chunk, told).second == plain.size() - 8);
    CHECK(told == encoding::ascii);
  }
}
