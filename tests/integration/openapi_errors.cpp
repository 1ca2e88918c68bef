// Every error that a client can bring about is an example in the specification, and the other way round.
#include "openapi_house.hpp"
#include "support/sent_request.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <regex>
#include <set>

namespace atelier::test {
namespace {

using json = specification::json;
using names = std::set<std::string>;

const specification& spec() { return specification::of_the_sources(); }

struct provocation {
  std::string method;
  std::string target;
  int status;
  http_headers headers = {};
  std::string body = {};
};

const std::string review =
    R"({"product_id":3,"rating":5,"body":"b","recommend":true,"name":"n","email":"a@b"})";
const std::string question = R"({"product_id":3,"body":"b","name":"n","email":"a@b"})";
const std::string reply = R"({"body":"b","name":"n","email":"a@b"})";

std::vector<provocation> provocations() {
  std::vector<provocation> all = {
      {"GET", "/reviews", 422},
      {"GET", "/reviews?product_id=5.55", 422},
      {"GET", "/reviews?product_id=1&page=x", 422},
      {"GET", "/reviews?product_id=1&count=-1", 422},
      {"GET", "/reviews/meta?product_id=hello", 422},
      {"GET", "/reviews/0", 404},
      {"GET", "/reviews/999999999", 404},
      {"PUT", "/reviews/x/helpful", 404},
      {"PUT", "/reviews/999999999/report", 404},
      {"GET", "/qa/questions?product_id=", 422},
      {"GET", "/qa/questions?product_id=1&page=1.5", 422},
      {"GET", "/qa/questions?product_id=1&count=x", 422},
      {"GET", "/qa/questions/x/answers", 404},
      {"GET", "/qa/questions/1/answers?page=x", 422},
      {"GET", "/qa/questions/1/answers?count=x", 422},
      {"PUT", "/qa/questions/x/helpful", 404},
      {"PUT", "/qa/questions/999999999/report", 404},
      {"PUT", "/qa/answers/x/helpful", 404},
      {"PUT", "/qa/answers/999999999/report", 404},
      {"POST", "/qa/questions/999999999/answers", 404, {}, reply},
      {"HEAD", "/reviews", 422},
      {"HEAD", "/reviews/x", 404},
      {"GET", "/nowhere", 404},
      {"GET", "/docs/nowhere.js", 404},
      {"POST", "/nowhere/at/all", 404},
      {"DELETE", "/reviews", 405},
  };
  for (const auto& [path, body] : {std::pair<std::string, std::string>{"/reviews", review},
                                   {"/qa/questions", question},
                                   {"/qa/questions/1/answers", reply}}) {
    all.push_back({"POST", path, 422, {}, "{}"});
    all.push_back({"POST", path, 422, {}, "[]"});
    all.push_back({"POST", path, 400, {}, "{"});
    all.push_back({"POST", path, 415, {{"Content-Type", "text/html"}}, body});
    all.push_back({"POST", path, 413, {}, std::string(262'145, ' ')});
    all.push_back({"POST", path, 422, {{"Idempotency-Key", "a b"}}, body});
    all.push_back({"POST", path, 201, {{"Idempotency-Key", "used"}}, body});
    all.push_back({"POST", path, 201, {{"Idempotency-Key", "used"}}, body});  // replayed
    all.push_back({"POST", path, 422, {{"Idempotency-Key", "used"}}, body + " "});
  }
  return all;
}

// Requests that are not HTTP as it should be: the bytes and the status.
const std::vector<std::pair<std::string, int>> not_http = {
    {"GET /live HTTP/1.x\r\nHost: t\r\n\r\n", 400},
    {"GET /live HTTP/3.0\r\nHost: t\r\n\r\n", 505},
    {"GET  /live HTTP/1.1\r\nHost: t\r\n\r\n", 400},
    {"GET live HTTP/1.1\r\nHost: t\r\n\r\n", 400},
    {"GET /live HTTP/1.1\nHost: t\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\n: x\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nX Y: z\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nX: a\x01\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET /live HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"GET /live HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400},
    {"GET /live HTTP/1.1\r\nHost: t\r\nExpect: tea\r\n\r\n", 417},
    {"GET /live HTTP/1.1\r\nHost: t\r\nContent-Length: 262145\r\n\r\n", 413},
    {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: t\r\n\r\n", 414},
    {"GET /live HTTP/1.1\r\nHost: t\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
    {"GET /live HTTP/1.1\r\nHost: t\r\n" +
         [] {
           std::string fields;
           for (int i = 0; i < 200; ++i) fields += fmt::format("X{}: y\r\n", i);
           return fields;
         }() +
         "\r\n",
     431},
    {"CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n", 501},
    {"GET /live HTTP/1.1\r\nHost:", 408},  // and nothing more
};

names sentences_of(const json& response) {
  names all;
  for (const auto& example : response["content"]["text/plain"]["examples"])
    all.insert(spec().resolved(example)["value"].get<std::string>());
  return all;
}

// What needs a database that fails, a proxy or a worker that stops: other tests bring these about.
const names not_provoked_here = {
    "Error: internal error, the server's log says more",
    "Error: too many requests are waiting, try again",
    "Error: too many large answers are being sent, ask for less at a time, or try again",
    "Error: the database is not available, try again",
    "Error: the database was lost while writing; the write may have been applied, look before you send it "
    "again",
    "Error: the database did not answer in time, try again",
    "Error: this worker is stopping, ask another one",
    "Error: Max-Forwards ends here, and the proxy answers no such request itself; raise it",
    "Error: all workers are busy, try again",
    "Error: no worker is available, try again",
    "Error: the worker did not answer in time, try again",
    "Error: the worker did not answer in time; the request may have been applied, look before you send it "
    "again",
    "Error: the worker's answer was malformed, try again",
    "Error: the worker's answer was malformed; the request may have been applied, look before you send it "
    "again",
    "Error: no worker could be reached, try again",
    "Error: too many requests are being sent again, try again",
    "Error: the connection to the worker was lost; the request may have been applied, look before you send "
    "it again",
    "Error: the connection to the worker was lost before it answered, try again",
    "Error: the request's body did not arrive in time, send it again",
    "Error: the request took too long, try again",
    "Error: the request took too long; it may have been applied, look before you send it again",
    "Error: too many requests from this address, wait as Retry-After says",
    "Error: too many connections from this address, close some",
};

std::string sources_of(const std::vector<std::string>& folders) {
  std::string program;
  for (const auto& folder : folders)
    for (const auto& file : std::filesystem::directory_iterator(ATELIER_SOURCES + folder))
      if (file.path().extension() == ".cpp") program += read_file(file.path());
  return std::regex_replace(program, std::regex(R"("\s+")"), "");  // a literal over two lines is one
}

}  // namespace

TEST_CASE("every error is documented with its sentence, and every documented sentence is said", "[openapi]") {
  const auto& h = openapi_house::open();
  names said;
  const auto check = [&](const std::string& method, const std::string& target, int status,
                         const http_answer& answer) {
    INFO(method << " " << target.substr(0, 80) << " " << answer.body);
    CHECK(answer.status == status);
    CHECK(spec().faults(method, target, answer) == std::vector<std::string>{});
    if (answer.status < 400 || method == "HEAD") return;
    CHECK(sentences_of(spec().response(method, target, answer.status)).count(answer.body) == 1);
    said.insert(answer.body);
  };
  for (const auto& p : provocations()) {
    const auto answer = h.send(p.method, p.target, p.headers, p.body);
    check(p.method, p.target, p.status, answer);
    CHECK(disagreements(spec(), {p.method, p.target, p.headers, p.body}, answer) ==
          std::vector<std::string>{});
  }
  for (const auto& [bytes, status] : not_http) check("GET", "/live", status, h.send_raw(bytes));

  names documented = not_provoked_here;
  for (const auto& response : spec().document()["components"]["responses"])
    if (response.contains("content")) documented.merge(sentences_of(response));
  documented.erase("Created");
  said.insert(not_provoked_here.begin(), not_provoked_here.end());
  CHECK(said == documented);
}

TEST_CASE("a documented sentence that only a failing neighbour brings about stands in the program",
          "[openapi]") {
  const auto program = sources_of({"/app/api", "/lb"});
  for (const auto& sentence : not_provoked_here) {
    INFO(sentence);
    // A worker's begins with "Error: " in its source, the proxy's gets it when it is written.
    const auto text = sentence.substr(std::string_view("Error: ").size());
    CHECK((program.find('"' + sentence + '"') != program.npos ||
           program.find('"' + text + '"') != program.npos));
  }
}

TEST_CASE("every sentence that the proxy says to a client is documented", "[openapi]") {
  names documented;
  for (const auto& response : spec().document()["components"]["responses"])
    if (response.contains("content")) documented.merge(sentences_of(response));
  const auto program = sources_of({"/lb"});
  const std::regex call(R"(\b(answer_error|refuse|refuse_body)\([^]*?\);)"), literal(R"re("([^"]*)")re");
  int said = 0;
  for (std::sregex_iterator one(program.begin(), program.end(), call), end; one != end; ++one) {
    const auto its = one->str();
    for (std::sregex_iterator text(its.begin(), its.end(), literal); text != end; ++text) {
      const auto words = (*text)[1].str();
      if (words.find(' ') == words.npos) continue;  // how it ended: too_slow
      INFO(words);
      CHECK(documented.count("Error: " + words) == 1);
      ++said;
    }
  }
  CHECK(said >= 15);
}

TEST_CASE("every error is problem details for who asks, as documented", "[openapi]") {
  const auto& h = openapi_house::open();
  for (auto p : provocations()) {
    if (p.status < 400 || p.method == "HEAD") continue;
    p.headers.emplace_back("Accept", "application/problem+json");
    INFO(p.method << " " << p.target << " " << p.body.substr(0, 80));
    const auto answer = h.send(p.method, p.target, p.headers, p.body);
    CHECK(answer.status == p.status);
    CHECK(answer.header("Content-Type").value_or("").rfind("application/problem+json", 0) == 0);
    CHECK(spec().faults(p.method, p.target, answer) == std::vector<std::string>{});
    const auto problem = json::parse(answer.body);
    for (const auto& example : spec().response(
             p.method, p.target, answer.status)["content"]["application/problem+json"]["examples"]) {
      const auto& shown = spec().resolved(example)["value"];
      if (shown["status"] == problem["status"]) CHECK(shown["title"] == problem["title"]);
    }
  }
}

}  // namespace atelier::test
