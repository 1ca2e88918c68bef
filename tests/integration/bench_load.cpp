// atelier-bench against workers that behave as we want.
#include "support/process.hpp"
#include "support/scripted_worker.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sched.h>

using namespace atelier::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"n\":1}";

void answer_all(worker_connection& c, std::string request) {
  for (; !request.empty(); request = c.read_request()) c.send(answer);
}

struct measured {
  finished program;
  json report;
};

measured bench(const scripted_worker& worker, std::vector<std::string> words) {
  words.insert(words.end(), {"--url", "http://127.0.0.1:" + std::to_string(worker.port()), "--json", "-"});
  auto done = run_program(ATELIER_BENCH_PROGRAM, words, 60s);
  INFO(done.errors);
  auto report = json::parse(done.output, nullptr, false);
  return {std::move(done), std::move(report)};
}

}  // namespace

TEST_CASE("an open loop starts as many requests as its rate says", "[bench]") {
  scripted_worker worker(answer_all);
  const auto [program, report] =
      bench(worker, {"run", "--get", "/x", "--rate", "500", "--for", "2s", "--connections", "4"});
  CHECK(program.code == 0);
  CHECK(report["whole"]["answered"] == 1000);
  CHECK(report["whole"]["errors"] == 0);
  CHECK(report["whole"]["statuses"]["200"] == 1000);
}

TEST_CASE(
    "latency counts from the intended start, also of requests that a stalled server kept from being sent",
    "[bench]") {
  std::atomic<int> asked{0};
  scripted_worker worker([&](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      if (++asked == 50) std::this_thread::sleep_for(500ms);  // everything stands still, once
      c.send(answer);
    }
  });
  const auto [program, report] =
      bench(worker, {"run", "--get", "/x", "--rate", "200", "--for", "2s", "--connections", "1"});
  CHECK(report["whole"]["answered"] == 400);
  // A quarter of all requests was due while the server stood still: one that waits for answers would have
  // seen one slow request of 400.
  CHECK(report["whole"]["latency_ms"]["p90"] > 150);
  CHECK(report["whole"]["latency_ms"]["max"] >= 495);
}

TEST_CASE("a closed loop with pipelining keeps its requests in order", "[bench]") {
  scripted_worker worker(answer_all);
  const auto [program, report] = bench(
      worker, {"run", "--get", "/x", "--closed", "--connections", "3", "--pipeline", "8", "--for", "500ms"});
  CHECK(program.code == 0);
  CHECK(report["whole"]["errors"] == 0);
  CHECK(report["whole"]["answered"] > 100);
  CHECK(report["connections_opened"] == 3);
}

TEST_CASE("answers that are not as expected are errors by kind, and a missed threshold is code 3",
          "[bench]") {
  scripted_worker worker(answer_all);
  const temp_dir folder;
  const auto file = folder.write("s.json", R"({"requests": [
    {"name": "good", "target": "/a", "expect": {"status": 200, "headers": {"Content-Type": "application/json"}, "json": {"/n": 1}}},
    {"name": "status", "target": "/b", "expect": {"status": 201}},
    {"name": "header", "target": "/c", "expect": {"headers": {"X-No": null}}},
    {"name": "body", "target": "/d", "expect": {"json": {"/n": {"type": "string"}}}}],
    "thresholds": ["errors < 1%", "good.errors <= 0%"]})");
  const auto [program, report] = bench(worker, {"run", file.string(), "--rate", "200", "--for", "1s"});
  CHECK(program.code == 3);
  CHECK(report["kinds"]["good"]["errors"] == 0);
  for (const auto* name : {"status", "header", "body"}) {
    CHECK(report["kinds"][name]["answered"] == 0);
    CHECK(report["kinds"][name]["errors_by_kind"]["unexpected " + std::string(name)] ==
          report["kinds"][name]["errors"]);
  }
  CHECK(report["thresholds"][0]["held"] == false);
  CHECK(report["thresholds"][1]["held"] == true);
  CHECK(report["examples"].size() == 3);
}

TEST_CASE("lost connections and silence are counted, and the load goes on", "[bench]") {
  std::atomic<int> asked{0};
  scripted_worker worker([&](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      const int n = ++asked;
      if (n % 10 == 0) return c.reset();
      if (n % 10 == 5) {
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much");
        c.read_rest();
        return;
      }
      c.send(answer);
    }
  });
  const auto [program, report] = bench(worker, {"run", "--get", "/x", "--rate", "100", "--for", "2s",
                                                "--connections", "8", "--timeout", "200ms"});
  CHECK(program.code == 0);
  const auto& whole = report["whole"];
  CHECK(whole["requests"] == 200);
  CHECK(whole["answered"] > 140);
  CHECK(whole["errors_by_kind"]["connection lost"] > 10);
  CHECK(whole["errors_by_kind"]["timed out"] > 10);
}

TEST_CASE("nobody but this machine is loaded unless the address is confirmed", "[bench]") {
  const auto refused = run_program(ATELIER_BENCH_PROGRAM,
                                   {"run", "--get", "/", "--url", "http://192.0.2.1:80", "--for", "1s"});
  CHECK(refused.code == 2);
  CHECK(refused.errors.find("--confirm 192.0.2.1:80") != std::string::npos);
}

TEST_CASE("a server that is not there is said at once", "[bench]") {
  const auto url = "http://127.0.0.1:" + std::to_string(free_port());
  const auto failed = run_program(ATELIER_BENCH_PROGRAM, {"run", "--get", "/", "--url", url});
  CHECK(failed.code == 1);
  CHECK(failed.errors.find("does the server run there") != std::string::npos);
}

TEST_CASE("wrong words are wrong usage", "[bench]") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {},
           {"run"},
           {"run", "nosuch"},
           {"run", "seed", "--set", "x"},
           {"run", "seed", "--threshold", "p99"},
           {"show", "nosuch"},
           {"run", "--get", "x"},
           {"run", "seed", "--url", "https://127.0.0.1"},
           {"run", "soak", "--max-time", "1m"},
           {"run", "--get", "/", "--for", "1s", "--max-time", "5s"},
           {"run", "--get", "/", "--timeout", "9000000h"},
           {"run", "--get", "/", "--rate", "nan"},
           {"run", "--get", "/", "--rate", "1e12"},
           {"run", "--get", "/", "--ramp", "-5", "10"},
           {"run", "--get", "/", "--ramp", "0", "0"},
           {"run", "--get", "/", "--ramp", "10", "inf"},
           {"run", "--get", "/", "--closed", "--rate", "10"},
           {"run", "--get", "/", "--closed", "--poisson"},
           {"run", "--get", "/", "--rate", "10", "--ramp", "1", "2"},
           {"run", "--get", "/", "--think", "10ms"},
           {"run", "--get", "/", "--rate", "10", "--think", "10ms"},
           {"search", "--get", "/", "--threshold", "p99 < 1s", "--think", "10ms"},
           {"search", "--get", "/", "--threshold", "p99 < 1s", "--closed"},
           {"run", "--get", "/", "--set", "products=1"},
           {"run", "seed", "--get", "/"},
           {"run", "seed", "--threshold", "nosuch.p99 < 1s"},
           {"run", "--get", "/", "--compare", "/dev/null"},
           {"search", "--get", "/", "--threshold", "p99 < 1s", "--to", "1e12"}}) {
    CAPTURE(words);
    CHECK(run_program(ATELIER_BENCH_PROGRAM, words).code == 2);
  }
}

TEST_CASE("a run in which nothing was answered has no latency, and one in which some failed has both kinds",
          "[bench]") {
  const auto one_in = GENERATE(1, 10);
  std::atomic<int> asked{0};
  scripted_worker worker([&](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request())
      c.send(++asked % one_in == 0 ? "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n" : answer);
  });
  const auto [program, report] =
      bench(worker, {"run", "--get", "/x", "--rate", "100", "--for", "1s", "--connections", "1"});
  const auto& whole = report["whole"];
  CHECK(whole["errors"] == 100 / one_in);
  CHECK(whole["latency_ms"]["p99"].is_null() == (one_in == 1));
  CHECK(whole["latency_ms"]["max"].is_null() == (one_in == 1));
  CHECK(report["moments"][0]["p50"].is_null() == (one_in == 1));
  CHECK(whole["curve"].empty() == (one_in == 1));
  // A tenth failed: the 99th percentile falls on a failure, the median on an answer.
  CHECK(whole["latency_with_failures_ms"]["p99"].is_null());
  CHECK(whole["latency_with_failures_ms"]["p50"].is_null() == (one_in == 1));
}

TEST_CASE("bytes of a server that are no UTF-8 do not cost the report", "[bench]") {
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request())
      c.send("HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 7\r\n\r\n{\"n\":1}");
  });
  const temp_dir folder;
  const auto file =
      folder.write("s.json", R"({"requests": [{"target": "/", "expect": {"headers": {"X-Name": "tea"}}}]})");
  const auto [program, report] = bench(worker, {"run", file.string(), "--rate", "20", "--for", "500ms"});
  CHECK(program.code == 0);
  CHECK(report["whole"]["errors"] == 10);
  CHECK(report["examples"][0] == "/: x-name: caf\xef\xbf\xbd");
}

TEST_CASE("answers that come when the load is over are not so many a second", "[bench]") {
  const auto closes = GENERATE(false, true);  // then those that wait need connections after the end
  scripted_worker worker([closes](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      std::this_thread::sleep_for(10ms);  // 100 a second at best
      c.send(closes ? answer_with("{}", "Connection: close\r\n") : answer_with("{}"));
      if (closes) return c.close();
    }
  });
  const auto [program, report] = bench(worker, {"run", "--get", "/x", "--rate", "300", "--for", "1s",
                                                "--connections", "1", "--threshold", "rate > 101"});
  CHECK(report["whole"]["answered"] == 300);
  CHECK(report["whole"]["rate"] <= 101);
  CHECK(program.code == 3);
}

TEST_CASE("the pause after an answer is kept on a connection that the server closes", "[bench]") {
  const auto closes = GENERATE(false, true);
  scripted_worker worker([closes](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      c.send(closes ? answer_with("{}", "Connection: close\r\n") : answer_with("{}"));
      if (closes) return c.close();
    }
  });
  const auto [program, report] = bench(
      worker, {"run", "--get", "/x", "--closed", "--connections", "2", "--think", "400ms", "--for", "1s"});
  CHECK(report["whole"]["errors"] == 0);
  CHECK(report["whole"]["answered"] > 0);
  CHECK(report["whole"]["answered"] <= 6);  // 0, 0.4 and 0.8 seconds, twice
}

TEST_CASE("an answer with more bytes than it says is no good answer", "[bench]") {
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) c.send(std::string(answer) + "more");
  });
  const auto loop = GENERATE(as<std::vector<std::string>>{}, std::vector<std::string>{"--rate", "50"},
                             std::vector<std::string>{"--closed"});
  std::vector<std::string> words{"run",           "--get", "/x",        "--for", "500ms",
                                 "--connections", "2",     "--timeout", "1s"};
  words.insert(words.end(), loop.begin(), loop.end());
  const auto [program, report] = bench(worker, words);
  CHECK(report["whole"]["answered"] == 0);
  CHECK(report["whole"]["errors_by_kind"]["no HTTP"] > 1);
}

TEST_CASE("a run that is asked to stop does so within seconds, whatever it waits for, and says what there is",
          "[bench]") {
  scripted_worker worker([](worker_connection& c, const std::string&) { c.read_rest(); });
  const auto warm_up = GENERATE("0s", "50s");
  child_process run(ATELIER_BENCH_PROGRAM,
                    {"run", "--get", "/x", "--rate", "50", "--for", "50s", "--timeout", "40s", "--warm-up",
                     warm_up, "--json", "-", "--url", "http://" + worker.address()});
  REQUIRE(wait_until(20s, [&] { return worker.requests().size() > 10; }));
  run.signal(SIGINT);
  const auto done = run.wait(20s);
  CHECK(done.code == 0);
  const auto report = json::parse(done.output);
  CHECK(report["whole"]["answered"] == 0);
  CHECK(report["generator"]["cpu_share"] <= 2);
  CHECK(report["generator"]["doubts"].back() == "stopped before its end");
}

TEST_CASE("a report that cannot be written or laid over is said before the load", "[bench]") {
  scripted_worker worker(answer_all);
  const temp_dir folder;
  const auto other = folder.write("other.json", R"({"atelier_bench": 1})");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--json", (folder / "no" / "such.json").string()},
           {"--html", (folder / "no" / "such.html").string()},
           {"--html", (folder / "a.html").string(), "--compare", other.string()}}) {
    std::vector<std::string> all{"run", "--get", "/x", "--for", "1s", "--url", "http://" + worker.address()};
    all.insert(all.end(), words.begin(), words.end());
    CHECK(run_program(ATELIER_BENCH_PROGRAM, all).code == 1);
  }
  CHECK(worker.requests().empty());
}

TEST_CASE("the search finds a rate that a server holds and goes no further than it may", "[bench]") {
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      std::this_thread::sleep_for(20ms);  // two connections: 100 a second at best
      c.send(answer);
    }
  });
  const auto done = run_program(ATELIER_BENCH_PROGRAM,
                                {"search", "--get", "/x", "--connections", "2", "--for", "1s", "--from", "10",
                                 "--to", "400", "--precision", "0.5", "--threshold", "p90 < 900ms",
                                 "--threshold", "rate > 8", "--url", "http://" + worker.address()});
  INFO(done.output);
  CHECK(done.code == 0);
  CHECK(done.output.find(" held\n") != std::string::npos);
  CHECK(done.output.find("p90 < 900ms missed") != std::string::npos);
  CHECK(done.output.find("highest rate that held: ") != std::string::npos);
  CHECK(done.output.find("    400 ") == std::string::npos);
}

TEST_CASE("a search that nothing holds has code 3, and on --json - nothing but JSON is on stdout",
          "[bench]") {
  scripted_worker worker(answer_all);
  const auto search = [&](const std::string& bound) {
    return run_program(ATELIER_BENCH_PROGRAM, {"search", "--get", "/x", "--connections", "1", "--for",
                                               "200ms", "--from", "20", "--to", "40", "--threshold", bound,
                                               "--json", "-", "--url", "http://" + worker.address()});
  };
  const auto none = search("rate > 1000000");
  CHECK(none.code == 3);
  CHECK(none.output.empty());
  CHECK(none.errors.find("highest rate that held: 0/s") != std::string::npos);
  const auto all = search("errors < 1%");
  CHECK(all.code == 0);
  CHECK(json::parse(all.output, nullptr, false)["whole"]["errors"] == 0);
  CHECK(all.errors.find("highest rate that held: 40/s") != std::string::npos);
}

TEST_CASE("a search begins no try that could end after its time", "[bench]") {
  scripted_worker worker(answer_all);
  // Without a bound it would go on to 5,120: ten tries, of which the first alone fits.
  const auto done = run_program(ATELIER_BENCH_PROGRAM,
                                {"search", "--get", "/x", "--connections", "1", "--for", "500ms", "--timeout",
                                 "500ms", "--max-time", "1s", "--from", "10", "--to", "5120", "--threshold",
                                 "errors <= 100%", "--url", "http://" + worker.address()});
  CHECK(done.code == 0);
  CHECK_THAT(done.output,
             Catch::EndsWith(
                 "highest rate that held: 10/s, and no other one could be tried in time (--max-time)\n"));
  CHECK(worker.requests().size() == 5);
}

TEST_CASE("a generator whose core somebody else uses too says so in either loop", "[bench]") {
  scripted_worker worker(answer_all);
  cpu_set_t ours;
  CPU_ZERO(&ours);
  REQUIRE(sched_getaffinity(0, sizeof ours, &ours) == 0);
  int core = 0;
  while (!CPU_ISSET(core, &ours)) ++core;
  const auto number = std::to_string(core);
  child_process busy("/usr/bin/taskset", {"-c", number, "/bin/sh", "-c", "while :; do :; done"});
  const auto loop = GENERATE(as<std::vector<std::string>>{}, std::vector<std::string>{"--closed"},
                             std::vector<std::string>{"--rate", "2000"});
  std::vector<std::string> words{"-c",
                                 number,
                                 ATELIER_BENCH_PROGRAM,
                                 "run",
                                 "--get",
                                 "/x",
                                 "--for",
                                 "2s",
                                 "--url",
                                 "http://" + worker.address(),
                                 "--json",
                                 "-",
                                 "--connections",
                                 "16"};
  words.insert(words.end(), loop.begin(), loop.end());
  const auto done = run_program("/usr/bin/taskset", words, 60s);
  const auto report = json::parse(done.output, nullptr, false);
  CAPTURE(done.errors, report["generator"]["doubts"].dump());
  CHECK(report["generator"]["waited_share"] > 0.03);
  CHECK_THAT(report["generator"]["doubts"].dump(), Catch::Contains("the generator waited for a core"));
  busy.signal(SIGKILL);
  busy.wait();
}

TEST_CASE("a watched process that ends before the run is told, and what it used until then", "[bench]") {
  scripted_worker worker(answer_all);
  child_process watched("/bin/sh", {"-c", "while :; do :; done"});
  child_process run(ATELIER_BENCH_PROGRAM, {"run", "--get", "/x", "--rate", "20", "--for", "4s", "--pid",
                                            "busy=" + std::to_string(watched.pid()), "--json", "-", "--url",
                                            "http://" + worker.address()});
  REQUIRE(wait_until(20s, [&] { return worker.requests().size() > 30; }));
  watched.signal(SIGKILL);
  watched.wait();
  const auto report = json::parse(run.wait(20s).output);
  const auto& busy = report["processes"][0];
  CHECK(busy["name"] == "busy");
  CHECK(busy["cpu_seconds"] > 0);
  CHECK(busy["gone_at"] > 1);
  CHECK(report["generator"]["doubts"].back().get<std::string>().find("process busy was gone after") == 0);
}

TEST_CASE("what a server says and what a scenario is named cannot end the report's script", "[bench]") {
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request())
      c.send(answer_with("{}", "X-Name: </script><b>told</b>\r\n"));
  });
  const temp_dir folder;
  const auto scenario = folder.write(
      "s.json",
      R"({"name": "</script><b>named</b>", "requests": [{"target": "/", "expect": {"headers": {"X-Name": "tea"}}}]})");
  const auto page = folder / "page.html";
  const auto done = run_program(
      ATELIER_BENCH_PROGRAM, {"run", scenario.string(), "--rate", "20", "--for", "500ms", "--quiet", "--html",
                              page.string(), "--url", "http://" + worker.address()});
  CHECK(done.code == 0);
  const auto text = read_file(page);
  CHECK(text.find("told") != std::string::npos);
  CHECK(text.find("named") != std::string::npos);
  CHECK(text.find("<b>told") == std::string::npos);
  CHECK(text.find("<b>named") == std::string::npos);
}

TEST_CASE("what ./dev bench says of the figures it is given holds", "[bench]") {
  const auto done =
      run_program("/usr/bin/env", {"python3", "-B", ATELIER_SOURCES "/bench/compare/self_test.py"});
  INFO(done.errors);
  CHECK(done.code == 0);
}

TEST_CASE("the number that was drawn is found in an answer as number and as text", "[bench]") {
  scripted_worker worker(answer_all);
  const temp_dir folder;
  const auto file = folder.write(
      "s.json", R"({"values": {"one": {"law": "fixed", "first": 1}, "two": {"law": "fixed", "first": 2}},
    "requests": [{"name": "right", "target": "/", "expect": {"json": {"/n": "${one}"}}},
                 {"name": "wrong", "target": "/", "expect": {"json": {"/n": "${two}"}}},
                 {"name": "text", "target": "/", "expect": {"json": {"/n": "1"}}}]})");
  const auto [program, report] = bench(worker, {"run", file.string(), "--rate", "100", "--for", "500ms"});
  CHECK(report["kinds"]["right"]["errors"] == 0);
  CHECK(report["kinds"]["wrong"]["answered"] == 0);
  CHECK(report["kinds"]["text"]["answered"] == 0);
}
