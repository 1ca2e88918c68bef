// What clients post: the members they may send, and the rules each must keep.
#pragma once

#include "app/api/failures.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace atelier::api {

struct review_body {
  std::int64_t product_id = 0;
  std::int16_t rating = 0;
  std::string summary;
  std::string body;
  bool recommend = false;
  std::string name;
  std::string email;
  std::vector<std::string> photos;
  std::vector<std::int64_t> characteristic_ids;  // beside their values, ascending
  std::vector<std::int16_t> characteristic_values;
};

struct question_body {
  std::int64_t product_id = 0;
  std::string body;
  std::string name;
  std::string email;
};

struct answer_body {
  std::string body;
  std::string name;
  std::string email;
  std::vector<std::string> photos;
};

inline constexpr const char* invalid_review = "Error: Review body contains invalid entries";
inline constexpr const char* invalid_question = "Error: Question body contains invalid entries";
inline constexpr const char* invalid_answer = "Error: Answer body contains invalid entries";

/// Errors: 400 if it is not JSON in UTF-8, 422 with every member that is to blame. No body at all is {}.
answer_or<review_body> parse_review(std::string_view text);
answer_or<question_body> parse_question(std::string_view text);
answer_or<answer_body> parse_answer(std::string_view text);

/// 415 unless the type is none, JSON or plain text; a body that is not there needs no type.
std::optional<refusal> check_content_type(const http::request_head& head, std::string_view body);

}  // namespace atelier::api
