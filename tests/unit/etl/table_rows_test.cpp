#include "etl/table_rows.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;
using cells = table_rows::cells;

TEST_CASE("short rows are padded, those of another table stand as they are") {
  std::vector<cells> out;
  table_rows rows([&](const cells& row) { out.push_back(row); }, 3);
  for (const cells& row :
       {cells{"1", "2", "3"}, {"4", "5"}, {"6", "7", "8"}, {"a", "b"}, {"c", "d"}, {"e", "f"}})
    rows.add(row, false);
  rows.finish();
  CHECK(out == std::vector<cells>{
                   {"1", "2", "3"}, {"4", "5", ""}, {"6", "7", "8"}, {"a", "b"}, {"c", "d"}, {"e", "f"}});
}

TEST_CASE("a short first table is not padded to the width of the next one") {
  const auto given_out = [](std::optional<std::size_t> header,
                            const std::vector<std::pair<cells, bool>>& all) {
    std::vector<cells> out;
    table_rows rows([&](const cells& row) { out.push_back(row); }, 3);
    if (header) rows.follow(*header);
    for (const auto& [row, follows_blank_line] : all) rows.add(row, follows_blank_line);
    rows.finish();
    return out;
  };
  const cells wide{"x", "y", "z"};
  for (const bool apart : {false, true})
    CHECK(given_out(
              2, {{{"1", "2"}, false}, {{"3"}, false}, {wide, apart}, {{"4", "5"}, false}, {wide, false}}) ==
          std::vector<cells>{{"1", "2"}, {"3", ""}, wide, {"4", "5", ""}, wide});
  CHECK(given_out({}, {{{"1", "2"}, false}, {wide, true}, {{"4", "5"}, false}}) ==
        std::vector<cells>{{"1", "2"}, wide, {"4", "5", ""}});
  CHECK(
      given_out(
          3, {{wide, false}, {{"a", "b"}, true}, {{"1", "2"}, false}, {wide, false}, {{"3", "4"}, false}}) ==
      std::vector<cells>{wide, {"a", "b"}, {"1", "2"}, wide, {"3", "4"}});
  // A header that lacks a name, or a short row, is no table.
  CHECK(given_out(2, {{wide, false}, {{"4", "5"}, false}}) == std::vector<cells>{wide, {"4", "5", ""}});
  CHECK(given_out(3, {{{"1", "2"}, false}, {wide, true}}) == std::vector<cells>{{"1", "2", ""}, wide});
}

TEST_CASE("however many rows of one cell there are, no more than a few are held back") {
  std::size_t given = 0;
  table_rows rows(
      [&](const cells& row) {
        REQUIRE(row == cells{"x", ""});
        ++given;
      },
      2);
  for (std::size_t added = 1; added <= 1000; ++added) {
    rows.add({"x"}, false);
    REQUIRE(added - given < table_rows::another_table_rows);
  }
  rows.finish();
  CHECK(given == 1000);
}
