#include "app/option_types.hpp"

#include "core/log.hpp"
#include "db/conninfo.hpp"

#include <charconv>

namespace atelier::app {
namespace {

using std::chrono::milliseconds;

std::string time_text(milliseconds t) {
  return t.count() % 1000 == 0 ? fmt::format("{}s", t.count() / 1000) : fmt::format("{}ms", t.count());
}

result<milliseconds> read_time(const std::string& text) {
  if (const auto parsed = parse_time(text)) return *parsed;
  return fail_with(exit_code::wrong_usage, "'{}' is not a time up to a day: write 250ms, 10s or 2m", text);
}

result<milliseconds> read_time_or_none(const std::string& text) {
  if (text == "none") return milliseconds(0);
  if (const auto parsed = parse_time(text)) return *parsed;
  return fail_with(exit_code::wrong_usage,
                   "'{}' is neither `none` nor a time up to a day: write 250ms, 10s or 2m", text);
}

// Checked before it is taken, so that a complaint names the option.
template <class Parse, class Value>
CLI::Option* add_parsed(CLI::App& role, const char* name, Parse parse, Value& value, const char* about) {
  const auto take = [&value, parse](const std::string& text) { value = *parse(text); };
  return role.add_option_function<std::string>(name, take, about)->check(readable_by(parse));
}

}  // namespace

std::optional<milliseconds> parse_time(std::string_view text) {
  constexpr std::int64_t day = 86'400'000;
  std::int64_t number = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  const std::int64_t scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  if (error != std::errc{} || scale == 0 || number < 1 || number > day / scale) return std::nullopt;
  return milliseconds(number * scale);
}

CLI::Validator one_of(std::string words) {
  const auto check = [words = std::move(words)](const std::string& text) {
    for (std::string_view rest = words; !rest.empty();) {
      const auto bar = std::min(rest.find('|'), rest.size());
      if (rest.substr(0, bar) == text) return std::string();
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    return "'" + text + "' is none of its words: write one of " + words;
  };
  return {check, ""};
}

CLI::Option* add_time(CLI::App& role, const char* name, milliseconds& value, const char* about) {
  return add_parsed(role, name, read_time, value, about)->type_name("TIME")->default_str(time_text(value));
}

CLI::Option* add_time_or_none(CLI::App& role, const char* name, milliseconds& value, const char* about) {
  return add_parsed(role, name, read_time_or_none, value, about)->type_name("TIME|none")->default_str("none");
}

CLI::Option* add_address(CLI::App& role, const char* name, address& value, const char* about) {
  return add_parsed(role, name, parse_address, value, about)
      ->type_name("HOST:PORT|unix:PATH")
      ->default_str(to_string(value));
}

CLI::Option* add_address(CLI::App& role, const char* name, std::optional<address>& value, const char* about) {
  return add_parsed(role, name, parse_address, value, about)->type_name("HOST:PORT|unix:PATH");
}

void add_access_log(CLI::App& role, access_log_options& o) {
  using detail = access_log_options::detail;
  using format = access_log_options::format;
  add_choice<detail>(role, "--access-log", o.how_much, "off|sampled|full",
                     {{"off", detail::off}, {"sampled", detail::sampled}, {"full", detail::full}},
                     "One line a request: off, of a sample and of what went wrong, or of all")
      ->default_str("off");
  role.add_option("--access-log-file", o.file, "Where its lines are appended; - is stdout")
      ->type_name("FILE")
      ->capture_default_str();
  add_choice<format>(role, "--access-log-format", o.as, "text|json",
                     {{"text", format::text}, {"json", format::json}}, "key=value or JSON")
      ->default_str("text");
  add_count<unsigned>(role, "--access-log-sample", o.sample, "Of a sample: one request of so many", 1,
                      1'000'000);
  add_count<std::size_t>(role, "--access-log-bytes-max", o.buffer_bytes_max,
                         "Bytes not yet written; beyond, lines are dropped and counted", 64 * 1024,
                         std::size_t{1} << 30);
}

CLI::Option* add_database(CLI::App& role, std::string& conninfo) {
  return role
      .add_option("--db", conninfo, "Database: a libpq conninfo or URI; empty takes the PG… variables")
      ->check(readable_by(db::check_conninfo))
      ->type_name("CONNINFO");
}

void warn_of_password(const std::string& conninfo) {
  if (db::holds_password(conninfo))
    log::warning(
        "--db holds a password that other users of this machine can see: put it into PGPASSWORD, a service "
        "or a pass file");
}

}  // namespace atelier::app
