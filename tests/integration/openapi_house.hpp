// A worker over the sample data of its own, for the examples of the specification: they vote, report and post
// as they like.
#pragma once

#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/specification.hpp"
#include "support/temp_dir.hpp"

#include <string>

namespace atelier::test {

class openapi_house {
 public:
  /// One for the whole run, with the data that `atelier up` makes, but of fewer products.
  static openapi_house& open();

  http_answer send(const std::string& method, const std::string& target, const http_headers& headers = {},
                   const std::string& body = {}) const;

  /// Exactly these bytes; the first answer.
  http_answer send_raw(const std::string& bytes) const;

 private:
  openapi_house();

  test_database database_{test_database::content::schema};
  std::uint16_t port_ = free_port();
  child_process worker_;
};

}  // namespace atelier::test
