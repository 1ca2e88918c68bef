#include "etl/header.hpp"

#include "etl/places.hpp"
#include "etl/row.hpp"
#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;
using namespace atelier::etl::test;

namespace {

std::optional<set_kind> set_of_first(std::string_view bytes, std::optional<set_kind> by_name = {}) {
  memory_source source(bytes, 100);
  record_reader reader(source);
  return set_of_shape(**reader.next(), {}, by_name, 1'700'000'000'000);
}

}  // namespace

TEST_CASE("header names are matched by meaning") {
  for (const std::vector<std::string>& names : {std::vector<std::string>{"id", "review_id", "url"},
                                                {" ID", "Review_Id ", "URL"},
                                                {"id", "reviewId", "url"},
                                                {"Id", "review id", "\"url\""}}) {
    const auto found = match_header(names);
    REQUIRE(found);
    CHECK(found->set == set_kind::reviews_photos);
    CHECK(found->column_of == std::vector<std::size_t>{0, 1, 2});
  }
}

TEST_CASE("columns may stand in another order, and strangers among them") {
  const auto found = match_header({"url", "created_at", "answer_id", "id"});
  REQUIRE(found);
  CHECK(found->set == set_kind::answers_photos);
  CHECK(found->column_of == std::vector<std::size_t>{2, layout::ignored, 1, 0});
  CHECK(found->unknown == std::vector<std::string>{"created_at"});
}

TEST_CASE("a header with as many strangers as columns of a set is of no set, unless its name says so") {
  const std::vector<std::string> styles{"id",         "productId",      "name",
                                        "sale_price", "original_price", "default_style"};
  CHECK_FALSE(match_header(styles));
  CHECK_FALSE(match_header(styles, set_kind::reviews));
  const auto named = match_header(styles, set_kind::characteristics);
  REQUIRE(named);
  CHECK(named->set == set_kind::characteristics);
  CHECK(named->unknown.size() == 3);
  CHECK(match_header({"id", "product_id", "name", "unit", "weight", ""})->set == set_kind::characteristics);
}

TEST_CASE("of the sets that a header could be of, it is the one that knows the most of its columns") {
  CHECK(match_header({"id", "characteristic_id", "review_id", "value", "url"})->set ==
        set_kind::characteristic_reviews);
  CHECK(match_header({"id", "product_id", "name", "rating", "date", "body", "recommend", "reviewer_name"})
            ->set == set_kind::reviews);
}

TEST_CASE("every published header names its set") {
  for (const auto& shape : all_sets()) {
    std::vector<std::string> names;
    for (const auto& c : shape.columns) names.emplace_back(c.name);
    const auto found = match_header(names);
    REQUIRE(found);
    CHECK(found->set == shape.kind);
    CHECK(found->unknown.empty());
  }
}

TEST_CASE("optional columns may be absent from the header, required ones may not") {
  CHECK(match_header({"id", "question_id", "body", "date_written", "answerer_name"})->set ==
        set_kind::answers);
  CHECK_FALSE(match_header({"id", "question_id", "body", "date_written"}));
  CHECK_FALSE(match_header({"1", "2", "3"}));
}

TEST_CASE("a file's name speaks of its set") {
  CHECK(set_of_name("/x/reviews.csv") == set_kind::reviews);
  CHECK(set_of_name("reviews_2.csv") == set_kind::reviews);
  CHECK(set_of_name("Reviews_Photos-part-01.CSV") == set_kind::reviews_photos);
  CHECK(set_of_name("characteristic_reviews.csv") == set_kind::characteristic_reviews);
  CHECK(set_of_name("answers_photos.csv.gz") == set_kind::answers_photos);
  CHECK_FALSE(set_of_name("reviewsandmore.csv"));
  CHECK_FALSE(set_of_name("orders.csv"));
}

TEST_CASE("a missing header is no harm where the shape leaves no doubt") {
  CHECK(set_of_first("1,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n") ==
        set_kind::reviews);
  CHECK(set_of_first("1,2,3,4\n") == set_kind::characteristic_reviews);
  CHECK_FALSE(set_of_first("1,2,\"https://x\"\n"));  // photos of reviews or of answers, or a characteristic
  CHECK(set_of_first("1,2,\"https://x\"\n", set_kind::answers_photos) == set_kind::answers_photos);
  CHECK_FALSE(set_of_first("a,b,c\n", set_kind::answers_photos));
}

TEST_CASE("parts are read in the order of their numbers") {
  CHECK(natural_less("reviews_2.csv", "reviews_10.csv"));
  CHECK_FALSE(natural_less("reviews_10.csv", "reviews_2.csv"));
  CHECK(natural_less("reviews.csv", "reviews_2.csv"));
  CHECK_FALSE(natural_less("a.csv", "a.csv"));
}
