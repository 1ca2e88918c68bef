// The specification as a document: whole, true to itself, and of the same routes as the program.
#include "app/api/routes.hpp"
#include "core/http/content_coding.hpp"
#include "openapi_house.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <set>

namespace atelier::test {
namespace {

using json = specification::json;
using names = std::set<std::string>;

const specification& spec() { return specification::of_the_sources(); }

void for_each_object(const json& node, const std::function<void(const json&)>& visit) {
  if (node.is_object()) visit(node);
  if (!node.is_structured()) return;
  for (const auto& inner : node) for_each_object(inner, visit);
}

names methods_of(std::string_view list) {
  names all;
  while (!list.empty()) {
    const auto end = std::min(list.find(", "), list.size());
    all.emplace(list.substr(0, end));
    list.remove_prefix(std::min(end + 2, list.size()));
  }
  return all;
}

names operations_of(const json& item) {
  names all;
  for (const std::string method : {"get", "head", "post", "put", "options", "delete", "patch", "trace"}) {
    if (!item.contains(method)) continue;
    std::string upper;
    for (const char c : method) upper += static_cast<char>(c - 'a' + 'A');
    all.insert(upper);
  }
  return all;
}

void check_value(const json& value, const json& schema) {
  INFO(value.dump());
  CHECK(spec().faults_of_value(value, schema) == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("the specification is OpenAPI 3.1 with the contract's version", "[openapi]") {
  CHECK(spec().document()["openapi"] == "3.1.0");
  CHECK(spec().document()["info"]["version"] == "1.0.0");
}

TEST_CASE("every reference in the specification leads somewhere, and every component is used", "[openapi]") {
  names used;
  for_each_object(spec().document(), [&](const json& node) {
    if (!node.contains("$ref")) return;
    CHECK_NOTHROW(spec().resolved(node));
    used.insert(node["$ref"].get<std::string>());
  });
  for (const auto& [kind, components] : spec().document()["components"].items())
    for (const auto& [name, _] : components.items()) {
      INFO(kind << " " << name);
      CHECK(used.count("#/components/" + kind + "/" + name) == 1);
    }
}

TEST_CASE("every operation has a name of its own, a summary and a known tag", "[openapi]") {
  names ids, tags;
  for (const auto& tag : spec().document()["tags"]) tags.insert(tag["name"].get<std::string>());
  for (const auto& item : spec().document()["paths"])
    for_each_object(item, [&](const json& node) {
      if (!node.contains("responses")) return;
      INFO(node.dump());
      CHECK(ids.insert(node["operationId"].get<std::string>()).second);
      CHECK(!node["summary"].get<std::string>().empty());
      CHECK(tags.count(node["tags"][0].get<std::string>()) == 1);
    });
}

TEST_CASE("every route is in the specification with its methods, and no other", "[openapi]") {
  std::map<std::string, names> served, described;
  for (std::size_t i = 0; i < api::route_count; ++i) {
    const auto route = static_cast<api::route>(i);
    std::string path(api::name_of(route));
    if (path.front() != '/') continue;  // OPTIONS *, and what is unknown
    if (const auto at = path.find("{id}"); at != path.npos) path.replace(at, 4, "{}");
    served[path] = methods_of(api::allowed_methods(route));
  }
  served["/{}"] = methods_of("GET, HEAD, OPTIONS");  // the tokens of --verify-token
  for (const auto& [path, item] : spec().document()["paths"].items())
    described[specification::shape_of(path)] = operations_of(item);
  CHECK(described == served);
}

TEST_CASE("every path parameter is described", "[openapi]") {
  for (const auto& [path, item] : spec().document()["paths"].items()) {
    INFO(path);
    const auto open = path.find('{');
    if (open == path.npos) {
      CHECK_FALSE(item.contains("parameters"));
      continue;
    }
    REQUIRE(item["parameters"].size() == 1);
    const auto& parameter = spec().resolved(item["parameters"][0]);
    CHECK("{" + parameter["name"].get<std::string>() + "}" == path.substr(open, path.find('}') - open + 1));
    CHECK(parameter["in"] == "path");
    CHECK(parameter["required"] == true);
  }
}

TEST_CASE("every example in the specification is as its schema says", "[openapi]") {
  int checked = 0;
  for_each_object(spec().document(), [&](const json& node) {
    if (!node.contains("schema")) return;
    if (node.contains("example")) check_value(node["example"], node["schema"]);
    for (const auto& example : node.value("examples", json::object())) {
      check_value(spec().resolved(example)["value"], node["schema"]);
      ++checked;
    }
  });
  for_each_object(spec().document()["components"]["schemas"], [&](const json& node) {
    if (!node.contains("examples") || !node["examples"].is_array()) return;
    for (const auto& example : node["examples"]) check_value(example, node);
  });
  CHECK(checked > 100);
}

TEST_CASE("what a worker serves is the specification of the sources", "[openapi]") {
  const auto& h = openapi_house::open();
  for (const std::string path : {"/openapi.json", "/openapi.json/"}) {
    const auto answer = h.send("GET", path);
    CHECK(answer.status == 200);
    CHECK(answer.header("Content-Type") == "application/json; charset=utf-8");
    CHECK(answer.body == read_file(ATELIER_SOURCES "/app/api/web/openapi.json"));
    const auto etag = answer.header("ETag").value_or("");
    CHECK(h.send("GET", path, {{"If-None-Match", etag}}).status == 304);
    const auto head = h.send("HEAD", path);
    CHECK(head.status == 200);
    CHECK(head.header("ETag") == etag);
  }
}

TEST_CASE("the documentation page loads files of its own origin only", "[openapi]") {
  const auto& h = openapi_house::open();
  const auto page = h.send("GET", "/docs/");
  CHECK(page.status == 200);
  CHECK(page.body == h.send("GET", "/docs").body);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  const auto policy = page.header("Content-Security-Policy").value_or("");
  CHECK_THAT(policy, Catch::Contains("default-src 'none'") && Catch::Contains("script-src 'self'") &&
                         Catch::Contains("connect-src 'self'"));
  CHECK_THAT(policy, !Catch::Contains("unsafe") && !Catch::Contains("http"));

  int loaded = 0;
  for (const std::string attribute : {"src=\"", "href=\""})
    for (auto at = page.body.find(attribute); at != std::string::npos;
         at = page.body.find(attribute, at + 1)) {
      const auto from = at + attribute.size();
      const auto link = page.body.substr(from, page.body.find('"', from) - from);
      INFO(link);
      if (link.rfind("#", 0) == 0 || link.rfind("data:", 0) == 0) continue;
      REQUIRE(link.rfind("/", 0) == 0);
      const auto file = h.send("GET", link);
      CHECK(file.status == 200);
      CHECK(spec().faults("GET", link, file) == std::vector<std::string>{});
      ++loaded;
    }
  CHECK(loaded >= 2);
  CHECK(h.send("GET", "/docs/docs.html").status == 404);
  CHECK(h.send("GET", "/docs/openapi.json").status == 404);
  CHECK(h.send("GET", "/docs/openapi.json.gz").status == 404);
}

TEST_CASE(
    "the page is Swagger UI if npm was there when the program was built, else it links the specification",
    "[openapi]") {
  const auto& h = openapi_house::open();
  const auto page = h.send("GET", "/docs");
  if (h.send("GET", "/docs/swagger-ui-bundle.js").status == 200) {
    CHECK_THAT(page.body, Catch::Contains("src=\"/docs/swagger-ui-bundle.js\""));
    for (const std::string file : {"swagger-ui.css", "LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"})
      CHECK(h.send("GET", "/docs/" + file).status == 200);
  } else {
    CHECK_THAT(page.body, Catch::Contains("href=\"/openapi.json\"") && Catch::Contains("without npm"));
    CHECK_THAT(page.body, !Catch::Contains("swagger"));
  }
}

TEST_CASE("large files are compressed for those who take it, and right for those who do not", "[openapi]") {
  const auto& h = openapi_house::open();
  std::vector<std::string> files = {"/openapi.json"};
  for (const std::string file : {"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"})
    if (h.send("GET", file).status == 200) files.push_back(file);
  for (const auto& file : files) {
    INFO(file);
    const http_headers takes = {{"Accept-Encoding", "br, gzip"}};
    const auto plain = h.send("GET", file, {{"Accept-Encoding", "gzip;q=0"}});
    auto packed = h.send("GET", file, takes);
    CHECK(plain.header("Content-Encoding") == std::nullopt);
    CHECK(packed.header("Content-Encoding") == "gzip");
    CHECK(packed.body.size() < plain.body.size() / 3);
    CHECK((http::gunzip(packed.body) == plain.body));
    CHECK(plain.header("Content-Type") == packed.header("Content-Type"));
    CHECK(plain.header("Vary") == "Accept-Encoding");
    CHECK(packed.header("Vary") == "Accept-Encoding");

    const auto head = h.send("HEAD", file, takes);
    CHECK(head.header("Content-Length") == std::to_string(packed.body.size()));
    packed.body = plain.body;
    CHECK(spec().faults("GET", file, packed) == std::vector<std::string>{});
    CHECK(head.header("Content-Encoding") == "gzip");
    CHECK(head.header("ETag") == packed.header("ETag"));

    // Other bytes have another name, and what is not sent is not said to be compressed.
    const auto name = packed.header("ETag").value_or("");
    CHECK(name != plain.header("ETag"));
    CHECK(h.send("GET", file, {{"If-None-Match", name}}).status == 200);
    const auto known = h.send("GET", file, {{"Accept-Encoding", "gzip"}, {"If-None-Match", name}});
    CHECK(known.status == 304);
    CHECK(known.body.empty());
    CHECK(known.header("Vary") == "Accept-Encoding");
    CHECK(known.header("Content-Encoding") == std::nullopt);
  }
}

}  // namespace atelier::test
