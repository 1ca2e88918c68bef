#include "etl/mend.hpp"

#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;
using namespace atelier::etl::test;
using cells = std::vector<std::string>;

namespace {

// The cells of one record in a table of so many columns.
cells mended(std::string_view bytes, std::size_t width, const dialect& written = {}) {
  memory_source source(bytes, 1 << 20);
  record_reader reader(source, written);
  reader.expect_columns(width);
  return cells_of(**reader.next(), written, width);
}

}  // namespace

TEST_CASE("a record with another delimiter is read by that") {
  CHECK(mended("1;2,5;x", 3) == cells{"1", "2,5", "x"});
  CHECK(mended("1|2|\"x|y\"", 3) == cells{"1", "2", "x|y"});
  CHECK(mended("1,2,x", 3, {";", '"', '"'}) == cells{"1", "2", "x"});
}

TEST_CASE("punctuation is no delimiter: a footnote and a long row stay as they stand") {
  CHECK(mended("Source: x; y", 2) == cells{"Source: x; y"});
  CHECK(mended("Source:x;y", 2) == cells{"Source:x;y"});
  CHECK(mended("x,hello; world,", 2) == cells{"x", "hello; world", ""});
  CHECK(mended("Source: x; y; z", 3) == cells{"Source: x; y; z"});
  CHECK(mended("a,b;c;d,e,f", 3) == cells{"a", "b;c;d", "e", "f"});
}
