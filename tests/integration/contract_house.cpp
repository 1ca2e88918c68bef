#include "contract_house.hpp"

#include "support/sent_request.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace atelier::test {
namespace {

using namespace std::chrono_literals;

void run_to_success(const std::vector<std::string>& arguments) {
  const finished done = run_program(ATELIER_PROGRAM, arguments, 120s);
  if (done.code != 0) {
    throw std::runtime_error(fmt::format("atelier {} {}: exit {}\n{}{}", arguments.at(0), arguments.at(1),
                                         done.code, done.output, done.errors));
  }
}

bool answers_ready(std::uint16_t port) {
  try {
    return fetch(port, "/ready").status == 200;
  } catch (const std::runtime_error&) {
    return false;
  }
}

std::string url_list(const std::vector<photo>& photos) {
  std::string out;
  for (const photo& p : photos) out += (out.empty() ? "" : ",") + json_text(p.url);
  return "[" + out + "]";
}

// 2020-07-30T03:41:21.467Z, or a date that no test expects.
std::int64_t ms_of(std::string_view iso) {
  std::tm t{};
  int ms = 0;
  if (std::sscanf(std::string(iso).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &t.tm_year, &t.tm_mon, &t.tm_mday,
                  &t.tm_hour, &t.tm_min, &t.tm_sec, &ms) != 7) {
    return -1;
  }
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  return static_cast<std::int64_t>(timegm(&t)) * 1000 + ms;
}

// The clocks of the test, the worker and the database are one, up to rounding.
void check_is_now(std::int64_t date_ms, std::int64_t before_ms) {
  CHECK(date_ms >= before_ms - 1000);
  CHECK(date_ms <= now_ms() + 1000);
}

std::string_view text_at(const json& j, const std::string& pointer) { return j[pointer].get_string(); }
std::int64_t number_at(const json& j, const std::string& pointer) { return j[pointer].get_int64(); }
std::size_t size_at(const json& j, const std::string& pointer) {
  return simdjson::dom::array(j[pointer].get_array()).size();
}

// The photos' ids, as the answer says them: new ones, ascending in the order sent.
void take_photo_ids(std::vector<photo>& photos, const json& j, const std::string& pointer) {
  REQUIRE(size_at(j, pointer) == photos.size());
  for (std::size_t i = 0; i < photos.size(); ++i) {
    photos[i].id = number_at(j, fmt::format("{}/{}/id", pointer, i));
    if (i > 0) CHECK(photos[i].id > photos[i - 1].id);
  }
}

}  // namespace

members members::with(const std::string& name, const std::string& raw) const {
  members changed = *this;
  for (auto& [key, value] : changed.list_) {
    if (key == name) {
      value = raw;
      return changed;
    }
  }
  changed.list_.emplace_back(name, raw);
  return changed;
}

members members::without(const std::string& name) const {
  members changed = *this;
  std::erase_if(changed.list_, [&name](const auto& member) { return member.first == name; });
  return changed;
}

std::string members::text() const {
  std::string out;
  for (const auto& [key, value] : list_) out += (out.empty() ? "" : ",") + json_text(key) + ":" + value;
  return "{" + out + "}";
}

members valid_review(std::int64_t product) {
  return {{"product_id", std::to_string(product)},  {"rating", "4"},       {"summary", R"("Fits well")"},
          {"body", R"("I wore them for a week.")"}, {"recommend", "true"}, {"name", R"("walker")"},
          {"email", R"("walker@example.com")"},     {"photos", "[]"},      {"characteristics", "{}"}};
}

members valid_question(std::int64_t product) {
  return {{"product_id", std::to_string(product)},
          {"body", R"("Are they warm?")"},
          {"name", R"("asker")"},
          {"email", R"("asker@example.com")"}};
}

members valid_answer() {
  return {{"body", R"("Warm enough.")"},
          {"name", R"("answerer")"},
          {"email", R"("answerer@example.com")"},
          {"photos", "[]"}};
}

house& house::open() {
  shared_postgres();  // begun before the house, so that it ends after it
  // A house that cannot be built is not tried again for each of a hundred cases.
  static std::unique_ptr<house> only;
  static std::string failure;
  if (!only && failure.empty()) {
    try {
      only.reset(new house);
    } catch (const std::exception& error) {
      failure = error.what();
    }
  }
  if (!only) throw std::runtime_error("the contract's fixture did not start: " + failure);
  return *only;
}

house::house() {
  run_to_success({"schema", "apply", "--db", conninfo()});
  run_to_success(
      {"etl", "sample", csv_.path().string(), "--products", std::to_string(products), "--seed", "7"});
  append_awkward_rows(csv_.path());
  run_to_success({"etl", "load", csv_.path().string(), "--db", conninfo()});
  expected = read_shop(csv_.path());

  for (int i = 0; i < 2; ++i) workers_.push_back({free_port(), free_port(), std::nullopt, {}});
  for (running_worker& w : workers_) start(w);

  const char* through = std::getenv("ATELIER_CONTRACT_THROUGH");
  if (through != nullptr && std::string_view(through) == "proxy") {
    proxy_port_ = free_port();
    proxy_.emplace(ATELIER_PROGRAM,
                   std::vector<std::string>{"lb", "--listen", fmt::format("127.0.0.1:{}", proxy_port_),
                                            "--admin", fmt::format("127.0.0.1:{}", free_port()), "--worker",
                                            fmt::format("127.0.0.1:{}", workers_[0].port), "--worker",
                                            fmt::format("127.0.0.1:{}", workers_[1].port)});
    if (!wait_until(20s, [this] { return answers_ready(proxy_port_); })) {
      throw std::runtime_error("the proxy is not ready: " + proxy_->errors());
    }
  }
}

void house::start(running_worker& w) const {
  w.process.emplace(ATELIER_PROGRAM,
                    std::vector<std::string>{"api", "--listen", fmt::format("127.0.0.1:{}", w.port),
                                             "--admin", fmt::format("127.0.0.1:{}", w.admin), "--db",
                                             conninfo(), "--db-connections", "2", "--verify-token",
                                             std::string(verify_token), "--verify-token", "second-token"});
  if (!wait_until(20s, [&w] { return answers_ready(w.port) || !w.process->running(); }) ||
      !w.process->running()) {
    throw std::runtime_error("a worker is not ready: " + w.process->errors());
  }
}

std::uint16_t house::port(int worker) const { return proxy_ ? proxy_port_ : worker_port(worker); }

http_answer house::get(const std::string& target, const http_headers& headers, int worker) const {
  return send("GET", target, headers, {}, worker);
}

http_answer house::post(const std::string& target, const std::string& body, const http_headers& headers,
                        int worker) const {
  http_headers all = headers;
  const bool typed =
      std::any_of(headers.begin(), headers.end(), [](const auto& h) { return h.first == "Content-Type"; });
  if (!typed) all.emplace_back("Content-Type", "application/json");
  return send("POST", target, all, body, worker);
}

http_answer house::put(const std::string& target, int worker) const {
  return send("PUT", target, {}, {}, worker);
}

http_answer house::send(const std::string& method, const std::string& target, const http_headers& headers,
                        const std::string& body, int worker) const {
  const http_answer answer = send_unchecked(method, target, headers, body, worker);
  // Whatever a case asks, it is answered as the specification says. Catch2 counts on one thread only.
  if (std::this_thread::get_id() != opened_by_) return answer;
  const auto& spec = specification::of_the_sources();
  CHECK(spec.faults(method, target, answer) == std::vector<std::string>{});
  CHECK(disagreements(spec, {method, target, headers, body}, answer) == std::vector<std::string>{});
  return answer;
}

http_answer house::send_unchecked(const std::string& method, const std::string& target,
                                  const http_headers& headers, const std::string& body, int worker) const {
  http_client client = connect(worker);
  if (method == "HEAD") {  // whose answer has no body to wait for
    std::string head = fmt::format("HEAD {} HTTP/1.1\r\nHost: test\r\n", target);
    for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
    client.send(head + "\r\n");
    return client.read(true);
  }
  return client.request(method, target, headers, body);
}

std::int64_t house::post_review(review r, const std::map<std::int64_t, int>& values, int worker) {
  std::string rated;
  for (const auto& [id, value] : values)
    rated += fmt::format("{}\"{}\":{}", rated.empty() ? "" : ",", id, value);
  const std::int64_t before = now_ms();
  const http_answer created = post("/reviews",
                                   valid_review(r.product)
                                       .with("rating", std::to_string(r.rating))
                                       .with("summary", json_text(r.summary))
                                       .with("body", json_text(r.body))
                                       .with("recommend", r.recommend ? "true" : "false")
                                       .with("name", json_text(r.name))
                                       .with("photos", url_list(r.photos))
                                       .with("characteristics", "{" + rated + "}")
                                       .text(),
                                   {}, worker);
  REQUIRE(created.status == 201);
  CHECK(created.body == "Created");

  const std::string location = location_of(created);
  REQUIRE(location.rfind("/reviews/", 0) == 0);
  const http_answer read = get(location, {}, 1 - worker);
  REQUIRE(read.status == 200);
  const json j(read.body);
  r.id = std::stoll(location.substr(std::string_view("/reviews/").size()));
  r.date_ms = ms_of(text_at(j, "/date"));
  check_is_now(r.date_ms, before);
  take_photo_ids(r.photos, j, "/photos");
  expected.reviews.push_back(r);
  for (const auto& [id, value] : values) expected.values.push_back({id, value});
  CHECK(read.body == review_json(expected, r.id));
  return r.id;
}

std::int64_t house::post_question(question q, int worker) {
  const std::int64_t before = now_ms();
  const http_answer created =
      post("/qa/questions",
           valid_question(q.product).with("body", json_text(q.body)).with("name", json_text(q.name)).text(),
           {}, worker);
  REQUIRE(created.status == 201);
  CHECK(created.body == "Created");

  // The new one has the highest id of the product's.
  const http_answer read =
      get(fmt::format("/qa/questions?product_id={}&count=1000000", q.product), {}, 1 - worker);
  REQUIRE(read.status == 200);
  const json j(read.body);
  for (std::size_t i = 0; i < size_at(j, "/results"); ++i) {
    const std::int64_t id = number_at(j, fmt::format("/results/{}/question_id", i));
    if (id <= q.id) continue;
    q.id = id;
    q.date_ms = ms_of(text_at(j, fmt::format("/results/{}/question_date", i)));
  }
  check_is_now(q.date_ms, before);
  expected.questions.push_back(q);
  CHECK(read.body == questions_json(expected, q.product, {1, 1'000'000}));
  return q.id;
}

std::int64_t house::post_answer(answer a, int worker) {
  const std::int64_t before = now_ms();
  const std::string path = fmt::format("/qa/questions/{}/answers", a.question);
  const http_answer created = post(path,
                                   valid_answer()
                                       .with("body", json_text(a.body))
                                       .with("name", json_text(a.name))
                                       .with("photos", url_list(a.photos))
                                       .text(),
                                   {}, worker);
  REQUIRE(created.status == 201);
  CHECK(created.body == "Created");

  const http_answer read = get(path + "?count=1000000", {}, 1 - worker);
  REQUIRE(read.status == 200);
  const json j(read.body);
  std::size_t at = 0;
  for (std::size_t i = 0; i < size_at(j, "/results"); ++i) {
    const std::int64_t id = number_at(j, fmt::format("/results/{}/answer_id", i));
    if (id <= a.id) continue;
    a.id = id;
    at = i;
  }
  a.date_ms = ms_of(text_at(j, fmt::format("/results/{}/date", at)));
  check_is_now(a.date_ms, before);
  take_photo_ids(a.photos, j, fmt::format("/results/{}/photos", at));
  expected.answers.push_back(a);
  CHECK(read.body == answers_json(expected, a.question, {1, 1'000'000}));
  return a.id;
}

void house::restart_worker(int worker, int signal) {
  auto& w = workers_.at(static_cast<std::size_t>(worker));
  w.process->signal(signal);
  w.process->wait(20s);
  w.earlier_logs += w.process->output() + w.process->errors();
  start(w);
  if (proxy_ && !wait_until(20s, [this] { return answers_ready(proxy_port_); })) {
    throw std::runtime_error("the proxy is not ready again");
  }
}

std::string house::logs() const {
  std::string all;
  for (const running_worker& w : workers_) all += w.earlier_logs + w.process->output() + w.process->errors();
  return all;
}

characteristic house::some_characteristic() const {
  for (const characteristic& c : expected.characteristics) {
    if (c.name) return c;
  }
  throw std::runtime_error("the sample has no named characteristic");
}

std::string location_of(const http_answer& a) { return a.header("Location").value_or(""); }

std::string header(const http_answer& a, std::string_view name) { return a.header(name).value_or("(none)"); }

std::string repeated(std::string_view what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

void check_cors(const http_answer& a) {
  CHECK(header(a, "Access-Control-Allow-Origin") == "*");
  CHECK(header(a, "Access-Control-Expose-Headers") ==
        "ETag, Location, Idempotent-Replayed, Retry-After, X-Request-Id");
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace atelier::test
