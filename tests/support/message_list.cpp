#include "support/message_list.hpp"

#include "support/temp_dir.hpp"

#include <algorithm>
#include <sstream>

namespace atelier::test {
namespace {

void erase_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at)) text.erase(at, what.size());
}

listed_message read_message(std::string line) {
  listed_message message;
  message.advises = line.find("«") != line.npos;
  if (const auto note = line.find("  (("); note != line.npos) line.erase(note);
  erase_all(line, "«");
  erase_all(line, "»");
  for (std::size_t at = 0; at < line.size();) {
    const auto open = std::min(line.find('{', at), line.size());
    if (open > at) message.pieces.push_back(line.substr(at, open - at));
    at = std::min(line.find('}', open), line.size() - 1) + 1;
  }
  return message;
}

}  // namespace

bool listed_message::is_in(std::string_view text) const {
  std::size_t at = 0;
  std::size_t known = 0;
  for (const auto& piece : pieces) {
    at = text.find(piece, at);
    if (at == text.npos) return false;
    at += piece.size();
    known += piece.size();
  }
  return known >= 12;  // fewer letters would be found anywhere
}

const std::vector<listed_message>& listed_messages() {
  static const auto all = [] {
    std::vector<listed_message> read;
    std::istringstream lines(read_file(ATELIER_SOURCES "/tests/messages/messages.txt"));
    for (std::string line; std::getline(lines, line);)
      if (!line.empty() && !line.starts_with("# ") && !line.starts_with("== "))
        read.push_back(read_message(line));
    return read;
  }();
  return all;
}

bool is_listed_with_advice(std::string_view said) {
  const auto& all = listed_messages();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& message) { return message.advises && message.is_in(said); });
}

}  // namespace atelier::test
