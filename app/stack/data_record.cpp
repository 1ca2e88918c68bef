#include "app/stack/data_record.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace atelier::stack {
namespace {

namespace fs = std::filesystem;

constexpr auto file_name = "atelier-up.toml";
constexpr long long known_format = 1;

bool write_to_disk(const fs::path& file, const std::string& text) {
  const int out = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) return false;
  const bool written =
      write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(out) == 0;
  const int reason = errno;
  close(out);
  errno = reason;
  return written;
}

}  // namespace

std::string to_string(const data_source& source) {
  return source.products > 0 ? fmt::format("the sample data of {} products", source.products)
                             : fmt::format("the CSV files in {}", source.csv);
}

result<data_plan> plan_data(const data_request& asked, const std::optional<data_record>& found) {
  if (asked.reset || !found)
    return data_plan{asked.source.value_or(data_source{default_products, ""}), true, asked.reset};
  if (!found->is_loaded) return data_plan{asked.source.value_or(found->source), true, false};
  if (asked.source && *asked.source != found->source)
    return fail(
        "the folder holds {} already, not {}: leave the option out to keep them, give --reset to start over "
        "(which deletes "
        "them), or name another folder with --data",
        to_string(found->source), to_string(*asked.source));
  return data_plan{found->source, false, false};
}

std::string write_record(const data_record& record) {
  toml::table table{{"format", known_format}, {"loaded", record.is_loaded}};
  if (record.source.products > 0)
    table.insert("products", record.source.products);
  else
    table.insert("csv", record.source.csv);
  std::ostringstream text;
  text << "# Written by `atelier up`: what this folder holds.\n" << table << '\n';
  return text.str();
}

result<data_record> read_record(std::string_view text) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& e) {
    return fail("it is not TOML: {}", e.description());
  }
  if (table["format"].value_or(0LL) > known_format)
    return fail("it was written by a newer atelier; use that one");
  data_record record{{table["products"].value_or(0LL), table["csv"].value_or(std::string())},
                     table["loaded"].value_or(false)};
  if (table["format"].value_or(0LL) < 1 || (record.source.products <= 0 && record.source.csv.empty()))
    return fail("it does not say what the folder holds");
  return record;
}

result<std::optional<data_record>> load_record(const fs::path& folder) {
  const auto file = folder / file_name;
  std::error_code error;
  if (!fs::exists(file, error)) return std::optional<data_record>{};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return fail("'{}' cannot be read: {}; start as its owner, or name another folder with --data",
                file.string(), std::strerror(errno));
  auto record = read_record(text.str());
  if (!record)
    return fail("'{}' cannot be used: {}; --reset starts over and deletes what the folder holds",
                file.string(), record.error().what);
  return std::optional<data_record>(std::move(*record));
}

result<> save_record(const fs::path& folder, const data_record& record) {
  const auto file = folder / file_name;
  const auto draft = folder / (std::string(file_name) + ".new");
  if (!write_to_disk(draft, write_record(record)) || rename(draft.c_str(), file.c_str()) != 0)
    return fail("'{}' cannot be written: {}; make room, or name another folder with --data", file.string(),
                std::strerror(errno));
  return {};
}

}  // namespace atelier::stack
