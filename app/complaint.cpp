#include "app/complaint.hpp"

#include "app/option_types.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::app {
namespace {

template <class... Parts>
std::string wrong(fmt::format_string<Parts...> words, Parts&&... parts) {
  return fmt::format(words, std::forward<Parts>(parts)...);
}

// "HOST:PORT", or "N:from 1 to 64", whose second half is a validator's.
std::string as_to_be_written(const std::string& type) {
  const auto at = type.find(bounds_mark);
  return at == type.npos ? type : "a number " + type.substr(at + 1);
}

// "--listen: 1 required HOST:PORT missing", "--listen: At Most 1 required but received 2"
std::string wrong_count(const std::string& said) {
  constexpr std::string_view before = ": 1 required ", after = " missing";
  const auto name = said.substr(0, said.find(": "));
  const auto at = said.find(before);
  if (at == said.npos || !said.ends_with(after))
    return wrong("{} is there more than once: write it once", name);
  const auto from = at + before.size();
  return wrong("{} is there without a value: write {} behind it", name,
               as_to_be_written(said.substr(from, said.size() - after.size() - from)));
}

// A flag: "Could not convert: --reset = maybe"
std::string wrong_flag(const std::string& said) {
  const auto from = std::min(said.find("--"), said.size());
  return wrong("{} takes no value: write the option alone", said.substr(from, said.find(" = ") - from));
}

std::string unknown_word(const std::string& word) {
  return word.starts_with('-') ? wrong("there is no option '{}': write one that --help lists", word)
                               : wrong("'{}' is one word too many: leave it out", word);
}

template <class Kind>
bool is(const CLI::ParseError& error) {
  return dynamic_cast<const Kind*>(&error) != nullptr;
}

}  // namespace

std::string complaint_of(const CLI::ParseError& error, const CLI::App& program) {
  std::string said = error.what();
  if (is<CLI::ArgumentMismatch>(error)) return wrong_count(said);
  if (is<CLI::ExcludesError>(error)) return wrong("{}: leave one of them out", said);
  if (is<CLI::ConversionError>(error)) return wrong_flag(said);
  // CLI11 would list all that it did not expect, the last first.
  if (is<CLI::ExtrasError>(error))
    if (const auto words = program.remaining(true); !words.empty()) return unknown_word(words.front());
  return said;
}

}  // namespace atelier::app
