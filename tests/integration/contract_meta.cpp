// GET /reviews/meta: counts as strings, exact means, and what the writes change of them.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace atelier::test {

TEST_CASE("GET /reviews/meta of each product is what its reviews add up to", "[contract]") {
  house& h = house::open();
  std::array<http_client, 2> clients{h.connect(0), h.connect(1)};
  for (std::int64_t product = 1; product <= house::products + 1; ++product) {
    const http_answer a = clients[static_cast<std::size_t>(product % 2)].get(
        fmt::format("/reviews/meta{}?product_id={}", product % 3 == 0 ? "/" : "", product));
    const std::string expected = meta_json(h.expected, product);
    if (a.status == 200 && a.body == expected) continue;
    INFO("product " << product);
    CHECK(a.status == 200);
    CHECK(a.body == expected);
  }
}

TEST_CASE("meta of a product that nobody reviewed is empty, with its characteristics null", "[contract]") {
  house& h = house::open();
  const std::int64_t unknown = h.fresh_product();
  CHECK(h.get(fmt::format("/reviews/meta?product_id={}", unknown)).body ==
        fmt::format(R"({{"product_id":"{}","ratings":{{}},"recommended":{{}},"characteristics":{{}}}})",
                    unknown));
  bool found = false;
  for (const characteristic& c : h.expected.characteristics) {
    const bool reviewed = std::any_of(h.expected.reviews.begin(), h.expected.reviews.end(),
                                      [&c](const review& r) { return r.product == c.product; });
    if (reviewed || !c.name) continue;
    found = true;
    CHECK_THAT(h.get(fmt::format("/reviews/meta?product_id={}", c.product)).body,
               Catch::Contains(fmt::format(R"({}:{{"id":{},"value":null}})", json_text(*c.name), c.id)));
    break;
  }
  CHECK(found);
}

TEST_CASE("a review is in meta with all it says, and stays there when it is reported", "[contract]") {
  house& h = house::open();
  const characteristic rated = h.some_characteristic();
  const std::string meta = fmt::format("/reviews/meta?product_id={}", rated.product);
  review r;
  r.product = rated.product;
  r.body = "as expected";
  r.name = "rater";
  for (const int rating : {1, 5, 5}) {
    r.rating = rating;
    r.recommend = rating == 5;
    const std::int64_t id = h.post_review(r, {{rated.id, rating}}, rating % 2);
    CHECK(h.get(meta, {}, 0).body == meta_json(h.expected, rated.product));
    CHECK(h.get(meta, {}, 1).body == meta_json(h.expected, rated.product));
    CHECK(h.put(fmt::format("/reviews/{}/report", id)).status == 204);
    h.expected.review_of(id).reported = true;
    CHECK(h.get(meta, {}, 1).body == meta_json(h.expected, rated.product));
    CHECK(h.put(fmt::format("/reviews/{}/report", id), 1).status == 204);  // twice changes nothing more
    CHECK(h.get(meta, {}, 0).body == meta_json(h.expected, rated.product));
  }
}

TEST_CASE("of two characteristics with one name meta shows the one with the lower id, and both can be rated",
          "[contract]") {
  house& h = house::open();
  const std::string meta = fmt::format("/reviews/meta?product_id={}", house::products);
  std::vector<std::int64_t> twice;
  for (const characteristic& c : h.expected.characteristics) {
    if (c.product == house::products && c.name == "Twice") twice.push_back(c.id);
  }
  REQUIRE(twice.size() == 2);
  CHECK_THAT(h.get(meta).body, Catch::Contains(fmt::format(R"("Twice":{{"id":{},)", twice[0])));
  CHECK_THAT(h.get(meta).body, !Catch::Contains(fmt::format(R"("id":{},)", twice[1])));
  review r;
  r.product = house::products;
  r.rating = 4;
  r.body = "b";
  r.name = "n";
  h.post_review(r, {{twice[0], 5}, {twice[1], 2}}, 1);
  CHECK(h.get(meta).body == meta_json(h.expected, house::products));
}

TEST_CASE("a review without ratings of characteristics leaves their means alone", "[contract]") {
  house& h = house::open();
  const characteristic c = h.some_characteristic();
  review r;
  r.product = c.product;
  r.rating = 2;
  r.body = "b";
  r.name = "n";
  h.post_review(r);
  CHECK(h.get(fmt::format("/reviews/meta?product_id={}", c.product)).body ==
        meta_json(h.expected, c.product));
}

TEST_CASE("a product that only POST knows has counts and no characteristics", "[contract]") {
  house& h = house::open();
  review r;
  r.product = h.fresh_product();
  r.rating = 3;
  r.body = "b";
  r.name = "n";
  h.post_review(r);
  CHECK(
      h.get(fmt::format("/reviews/meta?product_id={}", r.product), {}, 1).body ==
      fmt::format(
          R"({{"product_id":"{}","ratings":{{"3":"1"}},"recommended":{{"false":"1"}},"characteristics":{{}}}})",
          r.product));
}

TEST_CASE("a mean keeps sixteen decimals, whatever the number of values", "[contract]") {
  house& h = house::open();
  const characteristic c = h.some_characteristic();
  review r;
  r.product = c.product;
  r.rating = 4;
  r.body = "b";
  r.name = "n";
  for (int i = 0; i < 12; ++i) {  // passes through thirds, sevenths, elevenths and thirteenths
    h.post_review(r, {{c.id, 1 + i * 3 % 5}});
    CHECK(h.get(fmt::format("/reviews/meta?product_id={}", c.product), {}, 1).body ==
          meta_json(h.expected, c.product));
  }
}

}  // namespace atelier::test
