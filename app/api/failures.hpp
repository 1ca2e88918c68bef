// Every error a client can see: its status, its sentence, and how it is said.
#pragma once

#include "core/http/message.hpp"
#include "core/result.hpp"
#include "db/error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace atelier::api {

struct blamed_field {
  std::string field;
  std::string reason;
};

/// An answer that is not a success. The sentence is part of the contract: clients compare it.
struct refusal {
  refusal() = default;
  refusal(unsigned s, std::string text, std::vector<blamed_field> blamed = {}, std::string further = {})
      : status(s), sentence(std::move(text)), fields(std::move(blamed)), further_fields(std::move(further)) {}

  unsigned status = 500;
  std::string sentence;  // begins with "Error: "
  std::vector<blamed_field> fields = {};
  std::string further_fields = {};  // response fields, each a line
  std::string for_our_log = {};     // why, where whoever asks by the request's id must find it there
};

[[noreturn]] void throw_exception_from_error(const refusal& r, const boost::source_location&);

template <class T>
using answer_or = result<T, refusal>;

/// 422 with one field to blame.
refusal invalid(std::string sentence, std::string field, std::string reason);

refusal not_found(std::string sentence);
inline constexpr const char* no_such_path = "Error: there is nothing at this path";
inline constexpr const char* no_such_review = "Error: invalid review id provided";
inline constexpr const char* no_such_question = "Error: invalid question id provided";
inline constexpr const char* no_such_answer = "Error: invalid answer id provided";
refusal method_not_allowed(std::string_view allowed);

/// What a failed statement means for the client: 503 for overload and a lost database, 504 for a slow one,
/// 500 for what is our fault. A fault of ours, and a write that may have been applied, are for our log too.
refusal of_database(const db::error& error);

/// So much waits for clients to take it that a large answer cannot wait too: 503.
refusal no_room();

/// One line, if it is for our log: which request it was, and why.
void log_refusal(const refusal& r, std::string_view request_id, std::string_view route);

/// A fault in the request's framing, found before any handler.
refusal of_framing(unsigned status, std::string_view reason);

/// One line of text, or RFC 9457 problem details for a client that accepts them.
http::response render(const refusal& r, bool as_problem);

}  // namespace atelier::api
