#include "core/http/problem.hpp"

#include <catch2/catch.hpp>

using namespace atelier::http;

TEST_CASE("any of several Accept fields may ask for problem details") {
  field_list fields;
  CHECK_FALSE(accepts_problem(fields));
  fields.add("Accept", "text/html");
  CHECK_FALSE(accepts_problem(fields));
  fields.add("ACCEPT", "image/png, application/problem+json;q=0.1");
  CHECK(accepts_problem(fields));
}

TEST_CASE("a head that is refused is searched for what it accepts as far as it goes") {
  CHECK(accepts_problem("GET / HTTP/1.1\r\nBad Name: x\r\nAccept: application/problem+json\r\n\r\n"));
  CHECK(accepts_problem("\r\nGET / HTTP/1.1\naccept:Application/Problem+JSON"));
  CHECK_FALSE(accepts_problem("GET / HTTP/1.1\r\n\r\nAccept: application/problem+json\r\n\r\n"));
  CHECK_FALSE(accepts_problem("GET / HTTP/1.1\r\nX-Accept: application/problem+json\r\n"));
  CHECK_FALSE(accepts_problem(""));
}
