#include "core/http/message.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

using namespace atelier::http;

namespace {

// Two ends of a connection that takes little at a time.
struct socket_pair {
  std::array<int, 2> ends{-1, -1};

  socket_pair() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const int little = 4096;
    REQUIRE(::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little) == 0);
  }
  ~socket_pair() {
    for (const int one : ends) ::close(one);
  }
  int sender() const { return ends[0]; }

  std::string taken() const {
    std::string all(1 << 20, '\0');
    const auto n = ::recv(ends[1], all.data(), all.size(), MSG_DONTWAIT);
    return n > 0 ? all.substr(0, static_cast<std::size_t>(n)) : "";
  }
};

std::string long_text(std::size_t size, char first) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(first + i % 23);
  return text;
}

constexpr std::size_t beside = 10;

}  // namespace

TEST_CASE("text and the body behind it arrive as one, however little is taken at a time") {
  for (const std::size_t text_bytes : {std::size_t(0), std::size_t(300), std::size_t(30'000)}) {
    const socket_pair between;
    const auto body = std::make_shared<const std::string>(long_text(200'000, 'A'));
    unsent out;
    out.text = long_text(text_bytes, 'a');
    const auto expected = out.text + *body;
    out.end_with(*body, body);
    CHECK(body.use_count() == 2);
    std::uint64_t count = 0;
    std::string got;
    bool waited = false;
    while (!out.send_to(between.sender(), count)) {
      REQUIRE((errno == EAGAIN || errno == EINTR));
      waited = true;
      got += between.taken();
    }
    for (auto more = between.taken(); !more.empty(); more = between.taken()) got += more;
    CHECK(waited);
    CHECK(got == expected);
    CHECK(count == expected.size());
    CHECK(out.empty());
    CHECK(body.use_count() == 1);  // nobody keeps what has been sent
  }
}

TEST_CASE("what is held counts while it is held, and a body that many wait for counts once") {
  unsent_budget budget(1000);
  const auto body = std::make_shared<const std::string>(400, 'x');
  unsent one;
  one.text = std::string(50, 'h');
  one.end_with(*body, body);
  {
    unsent_budget::share first(budget);
    CHECK(budget.held() == 0);
    CHECK(first.holds(one, beside));
    CHECK(first.holds(one, beside));  // asked again, not held again
    CHECK(budget.held() == 460);
    {
      unsent_budget::share second(budget);
      CHECK(second.holds(one, beside));
      CHECK(budget.held() == 520);
    }
    CHECK(budget.held() == 460);
  }
  CHECK(budget.held() == 0);
}

TEST_CASE("beyond the budget nothing more is held, and what is not large finds room all the same") {
  unsent_budget budget(large_bytes);
  unsent out;
  out.text = std::string(large_bytes - 1, 'x');
  const request_head head;
  const bool stopping = false;
  const responder answer(out, budget, head, "id", stopping);
  CHECK(answer.has_room(large_bytes));
  unsent_budget::share first(budget);
  CHECK(first.holds(out, 0));
  CHECK_FALSE(answer.has_room(large_bytes));
  CHECK(answer.has_room(large_bytes - 1));
  unsent_budget::share second(budget);
  CHECK(second.holds(out, 0));  // there was room for something
  unsent_budget::share third(budget);
  CHECK_FALSE(third.holds(out, 0));
}

TEST_CASE("to HEAD a large answer is its head, and needs no room") {
  const unsent_budget none(0);
  const std::string body(large_bytes, 'x');
  request_head head;
  head.verb = method::head;
  unsent out;
  const bool stopping = false;
  responder answer(out, none, head, "id", stopping);
  CHECK(answer.has_room(body.size()));
  answer.send(prepared_head(200, text_type, "ETag: "), "\"tag\"", body, nullptr);
  CHECK(out.body().empty());
  CHECK(out.text.find("Content-Length: 65536\r\n") != std::string::npos);
  CHECK(out.text.ends_with("\r\n\r\n"));
}
