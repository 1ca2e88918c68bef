#include "db/answer.hpp"

#include "db/arguments.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace atelier::db;

namespace {

// Rows of two int8, as PostgreSQL sends them.
answer rows_of(const std::vector<std::array<std::int64_t, 2>>& rows) {
  atelier::db::pg_result made(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
  std::array<char, 2> name{"c"};
  std::array<PGresAttDesc, 2> columns{};
  for (auto& c : columns) c = {name.data(), 0, 0, 1, 0, -1, -1};
  PQsetResultAttrs(made.get(), 2, columns.data());
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (std::size_t column = 0; column < 2; ++column) {
      arguments number;
      number.add_int8(rows[row][column]);
      std::string bytes(number.values()[0], 8);
      PQsetvalue(made.get(), static_cast<int>(row), static_cast<int>(column), bytes.data(), 8);
    }
  return answer(std::move(made));
}

}  // namespace

TEST_CASE("the rows of a gathered answer are dealt out by their first column") {
  auto all = rows_of({{1, 10}, {1, 11}, {3, 30}});
  const auto first = all.take_front(1);
  const auto second = all.take_front(2);
  const auto third = all.take_front(3);
  const auto fourth = all.take_front(4);
  REQUIRE(first.size() == 2);
  CHECK(first.int8(0, 0) == 10);
  CHECK(first.int8(1, 0) == 11);
  CHECK(second.empty());
  all = answer();  // each keeps the memory
  REQUIRE(third.size() == 1);
  CHECK(third.int8(0, 0) == 30);
  CHECK(fourth.empty());
}
