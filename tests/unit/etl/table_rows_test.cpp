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
