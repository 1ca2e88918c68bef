#include "lb/carry_over.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::lb;

namespace {

worker_settings a_worker(const char* text) {
  const auto settings = parse_worker(text);
  REQUIRE(settings);
  return *settings;
}

// As a record has them: one worker a line.
std::string carried(std::vector<worker_settings> wanted, const worker_record& former) {
  return to_text({.configured = {}, .running = carry_over(wanted, former)});
}

worker_record a_record() {
  return {.configured = {a_worker("a:1"), a_worker("b:1,weight=2"), a_worker("c:1")},
          .running = {{a_worker("a:1,weight=7,max=9"), false},
                      {a_worker("b:1,weight=2"), true},
                      {a_worker("unix:/run/d"), true}}};
}

}  // namespace

TEST_CASE("a record of workers can be read again, and what is none is passed over") {
  const auto text = to_text(a_record());
  CHECK(text ==
        "configured a:1,weight=1\nconfigured b:1,weight=2\nconfigured c:1,weight=1\n"
        "running a:1,weight=7,max=9\ndrained b:1,weight=2\ndrained unix:/run/d,weight=1\n");
  CHECK(to_text(read_record(text)) == text);
  CHECK(to_text(read_record("later a:1\nrunning \n\nrunning a:1,rate=3\nrunning b:1,weight=2")) ==
        "running b:1,weight=2\n");
}

TEST_CASE("what operators made of workers goes on where the configuration says what it said before") {
  // c was removed, d was added.
  const auto former = a_record();
  CHECK(carried(former.configured, former) ==
        "running a:1,weight=7,max=9\ndrained b:1,weight=2\ndrained unix:/run/d,weight=1\n");
}

TEST_CASE("what the configuration says anew counts, but who was drained stays so") {
  const auto former = a_record();
  CHECK(carried({a_worker("a:1,weight=3"), a_worker("b:1"), a_worker("c:1,weight=4")}, former) ==
        "running a:1,weight=3\ndrained b:1,weight=1\nrunning c:1,weight=4\ndrained unix:/run/d,weight=1\n");
  // A worker that it does not name any more goes, one that it names now comes.
  CHECK(carried({a_worker("e:1"), a_worker("unix:/run/d,weight=5")}, former) ==
        "running e:1,weight=1\ndrained unix:/run/d,weight=5\n");
}

TEST_CASE("with nobody before, workers are as the configuration says") {
  CHECK(carried({a_worker("a:1,weight=3")}, {}) == "running a:1,weight=3\n");
}
