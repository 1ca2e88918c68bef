// What the page of operators stands on: its files, its events, the reasons, and who may ask.
#include "integration/lb_proxy_process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <regex>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

std::string worker_path(const scripted_worker& w) { return "/workers/" + w.address(); }

scripted_worker::script answering_status(std::string status) {
  return answering([status = std::move(status)](const std::string&) { return answer_with("x", "", status); });
}

// Everything that an events' connection said until the proxy ended it.
std::string events_until_end(proxy_process& proxy, http_client& listening) {
  proxy.process.signal(SIGTERM);
  auto all = listening.read_all();
  CHECK(proxy.process.wait(10s).code == 0);
  return all;
}

}  // namespace

TEST_CASE("the page and all that it names come from the address for operators", "[lb]") {
  scripted_worker worker(answering_status("200 OK"));
  const proxy_process proxy({worker.address()});
  const auto page = fetch(proxy.admin, "/");
  CHECK(page.status == 200);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  const auto policy = page.header("Content-Security-Policy").value_or("");
  CHECK(has(policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"));
  CHECK(has(policy, "frame-ancestors 'none'"));
  CHECK_FALSE(has(policy, "unsafe"));
  const std::regex names("(?:src|href)=\"(/page/[^\"]*)\"");
  const std::map<std::string, std::string> types{{".css", "text/css; charset=utf-8"},
                                                 {".js", "text/javascript; charset=utf-8"},
                                                 {".LICENSE", "text/plain; charset=utf-8"}};
  std::size_t files = 0;
  for (std::sregex_iterator found(page.body.begin(), page.body.end(), names), end; found != end; ++found) {
    const auto file = fetch(proxy.admin, (*found)[1].str());
    CHECK(file.status == 200);
    CHECK(file.header("X-Content-Type-Options") == "nosniff");
    const auto kind = (*found)[1].str().substr((*found)[1].str().rfind('.'));
    CHECK(file.header("Content-Type") == types.at(kind));
    ++files;
  }
  CHECK(files == 5);
  CHECK(has(fetch(proxy.admin, "/page/uPlot.LICENSE").body, "Leon Sorokin"));
  CHECK(fetch(proxy.admin, "/page/").status == 404);
  CHECK(fetch(proxy.admin, "/page/page.html").status == 404);
  CHECK(http_client(proxy.admin).request("POST", "/").header("Allow") == "GET, HEAD");
  CHECK(http_client(proxy.admin).request("POST", "/events").header("Allow") == "GET, HEAD");
}

TEST_CASE("why a worker is as it is, and since when, stands in the list", "[lb]") {
  scripted_worker good(answering_status("200 OK"));
  scripted_worker bad(answering_status("500 Oops"));
  const auto nobody = "127.0.0.1:" + std::to_string(free_port());
  const proxy_process proxy({good.address(), nobody}, {"--errors-max", "3", "--aside-time", "60s"}, false);
  const auto says = [&](const std::string& name, const std::string& state, const std::string& reason) {
    const auto wanted = "\"state\":\"" + state + "\",\"reason\":\"" + reason + "\",\"since\":1";
    return wait_until(5s, [&] { return has(fetch(proxy.admin, "/workers/" + name).body, wanted); });
  };
  const auto post = [&](const std::string& target, const std::string& body = "") {
    return http_client(proxy.admin).request("POST", target, {}, body).status;
  };
  CHECK(says(nobody, "down", "first probe failed: Connection refused"));
  CHECK(says(good.address(), "up", "first good probe"));
  good.set_ready(false);
  CHECK(says(good.address(), "down", "probes failed in a row: status 503"));
  good.set_ready(true);
  CHECK(says(good.address(), "up", "probes succeeded in a row"));
  post(worker_path(good) + "/drain");
  CHECK(says(good.address(), "drained", "drained by an operator"));
  post("/workers", bad.address());
  CHECK(says(bad.address(), "up", "first good probe"));
  post(worker_path(good) + "/ready");
  CHECK(says(good.address(), "up", "probes succeeded in a row"));
  for (int i = 0; i < 40; ++i)
    fetch(proxy.port, "/");  // at first the one that came back has a tenth of its weight
  CHECK(says(bad.address(), "aside", "answers were errors in a row: status 500"));
}

TEST_CASE("who listens is told the past at once, and from then on the present", "[lb]") {
  scripted_worker worker(answering_status("200 OK"));
  proxy_process proxy({worker.address()});
  for (int i = 0; i < 20; ++i) fetch(proxy.port, "/");
  CHECK(wait_until(10s, [&] { return has(fetch(proxy.admin, "/workers").body, "\"requests\":20"); }));
  std::this_thread::sleep_for(2500ms);  // two looks
  http_client listening(proxy.admin);
  listening.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::this_thread::sleep_for(2500ms);
  const auto all = events_until_end(proxy, listening);
  CHECK(has(all, "Content-Type: text/event-stream\r\n"));
  CHECK(has(all, "event: about\ndata: {\"seconds\":60,\"times_seconds\":5,\"token\":\"none\"}\n\n"));
  const std::regex busy(
      "event: history\ndata: \\[[^\n]*\"rate\":[1-9][0-9.]*,\"errors\":0.0,[^\n]*\"latency_ms\":\\[");
  CHECK(std::regex_search(all, busy));
  const std::regex snapshot(R"(\n\ndata: \{"workers":\[\{"name":"[^\n]*"moment":\{"at":[^\n]*\})");
  CHECK(std::distance(std::sregex_iterator(all.begin(), all.end(), snapshot), {}) >= 2);
}

TEST_CASE("a page of ours may change something, one of another site not even listen", "[lb]") {
  scripted_worker worker(answering_status("200 OK"));
  const proxy_process proxy({worker.address()});
  const auto status = [&](const std::string& request, const std::string& fields) {
    http_client client(proxy.admin);
    client.send(request + " HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n" + fields + "\r\n");
    return client.read().status;
  };
  const auto drain = "POST " + worker_path(worker) + "/drain";
  const auto own = "127.0.0.1:" + std::to_string(proxy.admin);
  const auto rebound = "evil.example:" + std::to_string(proxy.admin);
  CHECK(status(drain, "Host: " + own + "\r\nOrigin: http://" + own + "\r\nSec-Fetch-Site: same-origin\r\n") ==
        200);
  for (const auto& fields : {
           "Host: " + own + "\r\nOrigin: http://evil.example\r\n",
           "Host: " + own + "\r\nOrigin: null\r\n",
           "Host: " + own + "\r\nSec-Fetch-Site: cross-site\r\n",
           "Host: " + rebound + "\r\nOrigin: http://" + rebound + "\r\n",
       }) {
    INFO(fields);
    CHECK(status(drain, fields) == 403);
    CHECK(status("GET /events", fields) == 403);
    CHECK(status("GET /metrics", fields) == 200);
  }
  CHECK(status("GET /events", "Host: " + rebound + "\r\n") == 403);
}

TEST_CASE("a page that listens is sent on to the process that took over", "[lb]") {
  scripted_worker worker(answering_status("200 OK"));
  const temp_dir folder;
  proxy_process proxy({worker.address()}, {"--control", folder / "control"});
  http_client rests(proxy.port);  // keeps the old process from ending
  CHECK(rests.get("/").status == 200);
  http_client listening(proxy.admin);
  listening.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  child_process successor(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port),
                                            "--admin", "127.0.0.1:" + std::to_string(proxy.admin), "--worker",
                                            worker.address(), "--control", folder / "control", "--takeover"});
  successor.wait_for("the former process was told to end");
  CHECK(has(listening.read_all(), "event: about\n"));
  CHECK(rests.get("/").status == 200);  // of the old process, which has not ended for that
  CHECK(fetch(proxy.admin, "/ready").status == 200);
}
