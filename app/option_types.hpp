// Options of the kinds that several roles have: times, counts, addresses.
#pragma once

#include "core/access_log.hpp"
#include "core/address.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <functional>
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

template <class T>
CLI::Option* add_count(CLI::App& role, const char* name, T& value, const char* about, T least, T most) {
  return role.add_option(name, value, about)
      ->type_name("N")
      ->check(CLI::Range(least, most))
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
