#include "etl/aws_settings.hpp"
#include "etl/http_source.hpp"
#include "etl/s3.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace atelier::etl;

namespace {

aws_settings settings_of(std::map<std::string, std::string> variables,
                         std::map<std::string, std::string> files = {}) {
  const auto find = [](const std::map<std::string, std::string>& in,
                       const std::string& name) -> std::optional<std::string> {
    const auto at = in.find(name);
    return at == in.end() ? std::nullopt : std::optional(at->second);
  };
  return find_aws_settings({[=](const std::string& name) { return find(variables, name); },
                            [=](const std::string& path) { return find(files, path); }});
}

}  // namespace

TEST_CASE("keys come from the environment, then from the profile's files") {
  const std::map<std::string, std::string> files{
      {"/u/.aws/credentials",
       "; mine\n[default]\naws_access_key_id=D\naws_secret_access_key = d\n\n[work]\n aws_ignored = x\n"
       "aws_access_key_id = W\naws_secret_access_key = w=/+\naws_session_token = t\n"},
      {"/u/.aws/config",
       "[default]\nregion = eu-west-3\n[profile work]\nregion = eu-central-1\nendpoint_url = "
       "http://minio:9000/\n"}};
  CHECK(settings_of({}).access_key.empty());
  CHECK(settings_of({}).region == "us-east-1");
  const auto usual = settings_of({{"HOME", "/u"}}, files);
  CHECK(usual.access_key == "D");
  CHECK(usual.region == "eu-west-3");
  const auto work = settings_of({{"HOME", "/u"}, {"AWS_PROFILE", "work"}}, files);
  CHECK(work.access_key == "W");
  CHECK(work.secret_key == "w=/+");
  CHECK(work.session_token == "t");
  CHECK(work.region == "eu-central-1");
  CHECK(work.endpoint == "http://minio:9000");
  const auto named = settings_of(
      {{"HOME", "/u"}, {"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "e"}, {"AWS_REGION", "x"}},
      files);
  CHECK(named.access_key == "E");
  CHECK(named.session_token.empty());
  CHECK(named.region == "x");
}

TEST_CASE("the default profile may be written like any other, and is then the one that holds") {
  const auto region = [](const std::string& config) {
    return settings_of({{"HOME", "/u"}}, {{"/u/.aws/config", config}}).region;
  };
  CHECK(region("[profile default]\nregion = eu-west-1\n") == "eu-west-1");
  CHECK(region("[profile default]\nregion = eu-west-1\n[default]\nregion = eu-west-3\n") == "eu-west-1");
  CHECK(region("[default]\nregion = eu-west-3\n[profile default]\noutput = json\n") == "us-east-1");
  CHECK(region("[profile work]\nregion = eu-west-1\n[default]\nregion = eu-west-3\n") == "eu-west-3");
}

TEST_CASE("a bucket stands in the host's name at Amazon's, and in the path elsewhere") {
  aws_settings settings;
  CHECK(s3_url(settings, "shop", "day 1/a+b.csv") ==
        "https://shop.s3.us-east-1.amazonaws.com/day%201/a%2Bb.csv");
  CHECK(s3_url(settings, "shop.org", "a") == "https://s3.us-east-1.amazonaws.com/shop.org/a");
  settings.endpoint = "http://127.0.0.1:9000";
  CHECK(s3_url(settings, "shop", "\xc3\xa9") == "http://127.0.0.1:9000/shop/%C3%A9");
}

TEST_CASE("a page of a list of objects is read") {
  const auto page = parse_s3_page(
      "<?xml?><ListBucketResult xmlns=\"x\"><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>a&amp;b</NextContinuationToken>"
      "<Contents><Key>x/a+b%2Bc%26.csv</Key><Size>12</Size></Contents></ListBucketResult>");
  REQUIRE(page);
  CHECK(page->objects.at(0).key == "x/a b+c&.csv");
  CHECK(page->objects.at(0).bytes == 12);
  CHECK(page->next == "a&b");
  CHECK_FALSE(parse_s3_page("<html>"));
  CHECK_FALSE(parse_s3_page("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"));
}

TEST_CASE("an address is shown without what is secret in it") {
  CHECK(shown_address("https://user:pass@host:1/a/b.csv?X-Amz-Signature=1#f") == "https://host:1/a/b.csv");
  CHECK(shown_address("https://host/a@b.csv") == "https://host/a@b.csv");
}
