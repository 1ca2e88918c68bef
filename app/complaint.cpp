#include "app/complaint.hpp"

#include "app/option_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

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

// "--takeover requires --control": both names.
std::pair<std::string, std::string> both_of(const std::string& said, std::string_view between) {
  const auto at = std::min(said.find(between), said.size());
  return {said.substr(0, at), said.substr(std::min(at + between.size(), said.size()))};
}

// As it may be written, for what must be there: by itself, or because of another option.
std::string example_of(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> known{{
      {"--worker", "--worker 127.0.0.1:3001"},
      {"--control", "--control /run/atelier/lb"},
      {"SOURCE", "/srv/atelier"},
      {"FILE", "reviews.csv"},
      {"DIR", "/srv/atelier"},
  }};
  const auto* const found =
      std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.first == name; });
  return found == known.end() ? name : std::string(found->second);
}

std::string command_words(const CLI::App& program) {
  std::string words = "atelier";
  for (auto within = program.get_subcommands(); !within.empty(); within = within.front()->get_subcommands())
    words += " " + within.front()->get_name();
  return words;
}

// "--worker is required"
std::string missing(const std::string& said, const CLI::App& program) {
  const auto name = both_of(said, " is required").first;
  return wrong("{} is missing: write for example '{} {}'", name, command_words(program), example_of(name));
}

std::string lonely(const std::string& said) {
  const auto [name, needed] = both_of(said, " requires ");
  return wrong("{} goes with {} only: add for example {}, or leave {} out", name, needed, example_of(needed),
               name);
}

std::string too_much(const std::string& said) {
  const auto [name, other] = both_of(said, " excludes ");
  return wrong("{} does not go with {}: leave one of them out", name, other);
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
  if (is<CLI::RequiresError>(error)) return lonely(said);
  if (is<CLI::ExcludesError>(error)) return too_much(said);
  if (is<CLI::ConversionError>(error)) return wrong_flag(said);
  // What is missing may be there and misspelt. CLI11 would list all that it did not expect, the last first.
  const auto words = program.remaining(true);
  const auto is_option = [](const std::string& word) { return word.starts_with('-'); };
  if (is<CLI::RequiredError>(error)) {
    const auto misspelt = std::find_if(words.begin(), words.end(), is_option);
    return misspelt == words.end() ? missing(said, program) : unknown_word(*misspelt);
  }
  if (is<CLI::ExtrasError>(error) && !words.empty()) return unknown_word(words.front());
  return said;
}

}  // namespace atelier::app
