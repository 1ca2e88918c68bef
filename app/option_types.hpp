// Options of the kinds that several roles have: times, counts, addresses.
#pragma once

#include "core/access_log.hpp"
#include "core/address.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace atelier::app {

/// 250ms, 10s or 2m, up to a day; nothing if it is not a time.
std::optional<std::chrono::milliseconds> parse_time(std::string_view text);

/// `value` is the default; help shows it as a person would write it.
CLI::Option* add_time(CLI::App& role, const char* name, std::chrono::milliseconds& value, const char* about);

/// The same with `none`, which is zero and here the default.
CLI::Option* add_time_or_none(CLI::App& role, const char* name, std::chrono::milliseconds& value,
                              const char* about);

/// Where a validator's words begin in CLI11's name of a type: "N:from 1 to 64".
inline constexpr auto bounds_mark = ":from ";

/// A number within bounds, both included.
template <class T>
CLI::Validator between(T least, T most) {
  const auto check = [least, most](const std::string& text) {
    T value{};
    if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return std::string();
    return "'" + text + fmt::format("' is out of its range: write a number from {} to {}", least, most);
  };
  return {check, fmt::format("from {} to {}", least, most)};
}

/// What the parser takes; its complaint else. CLI11 puts the option's name before what a check complains of.
template <class Parse>
CLI::Validator readable_by(Parse parse) {
  const auto check = [parse](const std::string& text) {
    const auto read = parse(text);
    return read ? std::string() : read.error().what;
  };
  return {check, ""};
}

/// Of the words between the bars: "replace|append".
CLI::Validator one_of(std::string words);

/// One of few words, which `value` takes as what they stand for; `words` as help shows them: "off|full".
template <class T>
CLI::Option* add_choice(CLI::App& role, const char* name, T& value, const char* words,
                        const std::map<std::string, T>& meanings, const char* about) {
  // A word is checked, then becomes a number, from which CLI11 reads an enum.
  const auto number_of = [meanings, known = one_of(words)](std::string& text) {
    auto complaint = known(text);
    if (complaint.empty()) text = std::to_string(static_cast<int>(meanings.at(text)));
    return complaint;
  };
  return role.add_option(name, value, about)->transform(CLI::Validator(number_of, ""))->type_name(words);
}

template <class T>
CLI::Option* add_count(CLI::App& role, const char* name, T& value, const char* about, T least, T most) {
  return role.add_option(name, value, about)
      ->type_name("N")
      ->check(between(least, most))
      ->capture_default_str();
}

/// HOST:PORT, checked when it is read.
CLI::Option* add_address(CLI::App& role, const char* name, address& value, const char* about);
CLI::Option* add_address(CLI::App& role, const char* name, std::optional<address>& value, const char* about);

/// --access-log, and where, how and how much of it.
void add_access_log(CLI::App& role, access_log_options& options);

/// --db: a conninfo; empty takes libpq's PG… variables.
CLI::Option* add_database(CLI::App& role, std::string& conninfo);

/// Logs a warning if the conninfo holds a password, which is not to stand on a command line.
void warn_of_password(const std::string& conninfo);

}  // namespace atelier::app
