// The web server and S3 service of the loader's tests.
#pragma once

#include "support/process.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace atelier::etl_house {

// tests/support/object_store.py with a folder to serve.
class object_store {
 public:
  static std::string python() {
    for (const auto* path : {"/usr/bin/python3", "/usr/local/bin/python3"})
      if (std::filesystem::exists(path)) return path;
    throw std::runtime_error("python3 is not installed");
  }

  object_store(const test::temp_dir& folder, std::vector<std::string> more = {})
      : server_(python(), words(folder, std::move(more))) {
    server_.wait_for(" is open");
    port_ = server_.output().substr(5, server_.output().find(" is") - 5);
  }

  std::string url(const std::string& path) const { return "http://127.0.0.1:" + port_ + path; }

  // What a signed request needs to reach it.
  std::vector<std::string> environment(const std::string& secret = "its/secret+key") const {
    return {"AWS_ENDPOINT_URL=" + url(""), "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=" + secret,
            "AWS_SESSION_TOKEN=a/token==", "AWS_REGION=eu-test-1"};
  }
  static std::vector<std::string> keys() {
    return {"--key",   "AKIATEST",  "--secret", "its/secret+key",
            "--token", "a/token==", "--region", "eu-test-1"};
  }

 private:
  static std::vector<std::string> words(const test::temp_dir& folder, std::vector<std::string> more) {
    more.insert(more.begin(),
                {std::string(ATELIER_SOURCES) + "/tests/support/object_store.py", folder.path()});
    return more;
  }
  test::child_process server_;
  std::string port_;
};

}  // namespace atelier::etl_house
