// The list of messages that a user can meet: tests/messages/messages.txt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace atelier::test {

/// A message of the list: the texts between its {…}, in order.
struct listed_message {
  std::vector<std::string> pieces;
  bool advises = false;  // it says itself what to do

  bool is_in(std::string_view text) const;
};

/// Throws if the list cannot be read.
const std::vector<listed_message>& listed_messages();

/// True if what the program said is a message of the list that says what to do.
bool is_listed_with_advice(std::string_view said);

}  // namespace atelier::test
