// The table of tests/conformance/requests.txt against the proxy: our outcome is the first of each line.
#include "integration/lb_proxy_process.hpp"
#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct vector {
  std::string section;
  std::string what;
  std::string bytes;
  std::string outcome;  // "200,400 close"
  std::string worker;
};

std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (std::size_t next; (next = text.find(by, at)) != text.npos; at = next + by.size())
    parts.push_back(text.substr(at, next - at));
  parts.push_back(text.substr(at));
  return parts;
}

// {GET}, {POST}, {x:N} and {N fields}.
std::string expand(const std::string& name) {
  if (name == "GET" || name == "POST") return name + " / HTTP/1.1\r\nHost: a\r\n";
  if (name[1] == ':') return std::string(std::stoul(name.substr(2)), name[0]);
  std::string fields;
  for (unsigned long i = std::stoul(name); i > 0; --i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  return fields;
}

std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') {
      const auto end = text.find('}', i);
      out += expand(text.substr(i + 1, end - i - 1));
      i = end;
    } else if (text[i] != '\\') {
      out += text[i];
    } else if (const char c = text[++i]; c == 'x') {
      out += static_cast<char>(std::stoul(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? '\0' : c;
    }
  }
  return out;
}

std::vector<vector> table() {
  std::vector<vector> all;
  std::istringstream lines(read_file(std::string(ATELIER_SOURCES) + "/tests/conformance/requests.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    auto cells = split(line + " ", " | ");
    if (cells.size() != 5) throw std::runtime_error("not five cells: " + line);
    while (!cells[4].empty() && cells[4].back() == ' ') cells[4].pop_back();
    all.push_back({cells[0], cells[1], unescape(cells[2]), split(cells[3], " or ")[0], cells[4]});
  }
  return all;
}

// "200,400 close": the final answers in their order (100 is passed over), and whether the connection goes on.
std::string outcome_of(const proxy_process& proxy, const vector& v) {
  auto client = proxy.connect(5s);
  client.send(v.bytes);
  const auto words = split(v.outcome, " ");
  std::string statuses;
  const bool to_head = v.bytes.starts_with("HEAD");
  try {
    for (std::size_t i = 0; i < split(words[0], ",").size(); ++i) {
      auto answer = client.read(to_head && i == 0);
      while (answer.status == 100) answer = client.read();
      statuses += (statuses.empty() ? "" : ",") + std::to_string(answer.status);
    }
  } catch (const std::runtime_error& e) {
    return statuses + " then " + e.what();
  }
  if (words[1] == "close") return statuses + (client.is_closed() ? " close" : " open");
  // It goes on where one more request has an answer.
  try {
    return statuses + (client.get("/again").status == 200 ? " open" : " lost");
  } catch (const std::runtime_error&) {
    return statuses + " close";
  }
}

void check_worker(const vector& v, const std::string& got) {
  if (v.worker.empty()) return;
  for (const auto& condition : split(v.worker, ";")) {
    const auto text = unescape(condition.substr(1));
    bool found = false;
    for (const auto& one : split(text, "|")) found |= got.find(one) != got.npos;
    INFO(condition << " in\n" << got);
    CHECK(found == (condition[0] == '+'));
  }
}

}  // namespace

TEST_CASE("the table of requests: each is answered, and reaches the worker, as it should", "[lb]") {
  const auto all = table();
  CHECK(all.size() >= 150);
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()});
  std::size_t seen = 0;
  for (const auto& v : all) {
    INFO("RFC " << v.section << ": " << v.what);
    const auto outcome = outcome_of(proxy, v);
    CHECK(outcome == v.outcome);
    const auto requests = worker.requests();
    std::vector<std::string> reached(requests.begin() + static_cast<long>(seen), requests.end());
    seen = requests.size();
    if (!reached.empty() && outcome.ends_with("open")) reached.pop_back();  // /again
    const auto statuses = split(v.outcome.substr(0, v.outcome.find(' ')), ",");
    CHECK(reached.size() == static_cast<std::size_t>(std::count(statuses.begin(), statuses.end(), "200")));
    if (!reached.empty()) check_worker(v, reached.back());
  }
}
