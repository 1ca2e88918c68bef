// Transfers that break, stand still, creep or bring another version of their file.
#include "etl/http_source.hpp"
#include "integration/etl_house.hpp"
#include "integration/object_store.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using Catch::Contains;
using test::temp_dir;

namespace {

// One file with photos of reviews, and another one for --change.
class served_file {
 public:
  static constexpr int rows = 20'000;

  served_file() {
    for (int i = 1; i <= rows; ++i) text_ += fmt::format("{0},{0},https://example.org/{0}.jpg\n", i);
    folder_.write("photos.csv", text_);
    folder_.write("bucket/photos.csv", text_);
    folder_.write("photos.csv.next", text_ + "1,1,https://example.org/more.jpg\n");
  }

  const temp_dir& folder() const { return folder_; }
  const std::string& text() const { return text_; }
  std::vector<std::string> cut_late(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--cut", std::to_string(text_.size() * 2 / 3)});
    return more;
  }

 private:
  temp_dir folder_;
  std::string text_ = "id,review_id,url\n";
};

// By tag, by time, by length alone.
const std::vector<std::vector<std::string>> versions_told{{}, {"--no-tags"}, {"--no-versions"}};

// What `etl read` prints of it, or what it says.
std::string read(const std::string& source, const std::vector<std::string>& environment = {}) {
  const auto done = run_etl({"read", source}, environment);
  return done.code == 0 ? done.output : fmt::format("{} {}", done.code, done.errors);
}

std::string check(const std::string& source) {
  const auto done = run_etl({"check", source});
  return fmt::format("{} {}", done.code, done.errors);
}

// The whole file by a reader that takes a second of silence for a break.
std::string read_impatiently(const object_store& store) {
  const auto url = store.url("/web/photos.csv");
  etl::http_request request{url, url, std::nullopt};
  request.silence_max = 1s;
  const auto source = etl::open_http(std::move(request));
  REQUIRE(source);
  std::string all(1 << 21, '\0');
  const auto got = etl::read_fully(**source, all);
  REQUIRE(got);
  all.resize(*got);
  return all;
}

}  // namespace

TEST_CASE("a transfer that breaks goes on where it was, with and without ranges", "[etl]") {
  const served_file file;
  for (const auto& mischief :
       {std::vector<std::string>{}, file.cut_late(), file.cut_late({"--no-versions"}), {"--fail", "2"}}) {
    const object_store store(file.folder(), mischief);
    CHECK((read(store.url("/web/photos.csv")) == file.text()));  // not to be printed
  }
}

TEST_CASE("signed requests too are sent again where a transfer broke", "[etl]") {
  const served_file file;
  for (const auto& mischief : {file.cut_late(), {"--fail", "2"}}) {
    auto options = object_store::keys();
    options.insert(options.end(), mischief.begin(), mischief.end());
    const object_store store(file.folder(), options);
    CHECK((read("s3://bucket/photos.csv", store.environment()) == file.text()));
  }
}

TEST_CASE("a transfer that falls silent is broken off and goes on where it was", "[etl]") {
  const served_file file;
  const object_store store(file.folder(), file.cut_late({"--delay", "600"}));
  CHECK((read_impatiently(store) == file.text()));
}

TEST_CASE("a transfer that creeps is left in peace, however long it takes", "[etl]") {
  // Nothing is gained by beginning again: the server knows no ranges.
  const served_file file;
  const object_store store(file.folder(), {"--drip", "10", "--delay", "0.2", "--no-ranges"});
  CHECK((read_impatiently(store) == file.text()));
}

TEST_CASE("a file that is changed while it is read is an error, whatever tells its version", "[etl]") {
  const served_file file;
  // The first request looks at the packing, the second at the header, the third goes on where that was cut.
  for (const auto& tells : versions_told)
    for (const bool has_ranges : {true, false}) {
      auto options = file.cut_late(tells);
      options.insert(options.end(), {"--change", "3"});
      if (!has_ranges) options.emplace_back("--no-ranges");
      const object_store store(file.folder(), options);
      CHECK_THAT(read(store.url("/web/photos.csv")),
                 Contains("1 ") && Contains("changed while it was being read"));
    }
}

TEST_CASE("a file that is changed between two looks at it is an error", "[etl]") {
  const served_file file;
  for (const auto& tells : versions_told)
    for (const auto* request : {"2", "3"}) {
      auto options = tells;
      options.insert(options.end(), {"--change", request});
      const object_store store(file.folder(), options);
      CHECK_THAT(check(store.url("/web/photos.csv")),
                 Contains("1 ") && Contains("changed while it was being read"));
    }
  const object_store same(file.folder());
  CHECK_THAT(check(same.url("/web/photos.csv")), Contains("0 "));
}

TEST_CASE("an address that nothing is behind is an error that says so", "[etl]") {
  const served_file file;
  const object_store store(file.folder());
  CHECK_THAT(check(store.url("/web/nothing.csv")), Contains("1 ") && Contains("is not there"));
  CHECK_THAT(check("http://127.0.0.1:1/reviews.csv"), Contains("1 ") && Contains("check the address"));
  CHECK_THAT(check("ftp://127.0.0.1/reviews.csv"), Contains("2 ") && Contains("cannot be read from"));
}
