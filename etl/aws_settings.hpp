// Who we are to S3, and where it is: the variables and files that all AWS tools read.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace atelier::etl {

struct aws_settings {
  std::string access_key;  // empty: requests are not signed, which public buckets allow
  std::string secret_key;
  std::string session_token;
  std::string region = "us-east-1";
  std::string endpoint;  // "http://127.0.0.1:9000"; empty: Amazon's
};

/// Both from outside, so that a test can be without either: a variable's value, a file's text.
struct aws_surroundings {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<std::optional<std::string>(const std::string& path)> file;
};

/// This process's environment and the files of its user.
aws_surroundings surroundings_of_process();

/// Keys: AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; else those of the profile
/// (AWS_PROFILE, AWS_DEFAULT_PROFILE, "default") in the credentials file (AWS_SHARED_CREDENTIALS_FILE,
/// ~/.aws/credentials); else those in the config file (AWS_CONFIG_FILE, ~/.aws/config). Region: AWS_REGION,
/// AWS_DEFAULT_REGION, the config file. Endpoint: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the config file.
aws_settings find_aws_settings(const aws_surroundings& around);

}  // namespace atelier::etl
