#include "etl/inputs.hpp"

#include "core/log.hpp"
#include "etl/row.hpp"

#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>

namespace atelier::etl {
namespace {

namespace fs = std::filesystem;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool ends_with_csv(std::string_view name) {
  if (name.size() < 4) return false;
  const auto tail = name.substr(name.size() - 4);
  return tail == ".csv" || tail == ".CSV";
}

result<std::vector<std::string>> files_of_folder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (name.starts_with('.') || !ends_with_csv(name) || name.ends_with(".rejects.csv")) continue;
    if (at->is_regular_file()) files.push_back(at->path().string());
  }
  if (error) return fail("folder '{}' cannot be read: {}", folder, error.message());
  if (files.empty()) return fail("there is no .csv file in '{}'", folder);
  std::sort(files.begin(), files.end(), natural_less);
  return files;
}

std::vector<std::string> files_of_glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  std::sort(files.begin(), files.end(), natural_less);
  return files;
}

// What the first bytes say that we do not read; empty: nothing.
std::string_view foreign_form(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("\x1f\x8b")) return "compressed (gzip); unpack it first";
  if (head.starts_with("\x28\xb5\x2f\xfd")) return "compressed (zstd); unpack it first";
  if (head.starts_with("PK\x03\x04")) return "an archive (zip); unpack it first";
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff"))
    return "UTF-16; convert it to UTF-8 first";
  return {};
}

// Remembers the first bytes on their way.
class peeking_source final : public byte_source {
 public:
  explicit peeking_source(byte_source& from) : from_(from) {}
  result<std::size_t> read(std::span<char> space) override {
    auto got = from_.read(space);
    if (got && head.size() < 4) head.append(space.data(), std::min<std::size_t>(*got, 4));
    return got;
  }
  std::uint64_t bytes_read() const override { return from_.bytes_read(); }
  std::string head;

 private:
  byte_source& from_;
};

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string published_header(set_kind set) {
  std::string line;
  for (const auto& c : shape_of(set).columns) line.append(line.empty() ? "" : ",").append(c.name);
  return line;
}

struct looked_at {
  std::optional<input> known;
  std::string why_not;
};

result<looked_at> look_at(const std::string& path) {
  auto file = open_file(path);
  if (!file) return file.error();
  peeking_source peeking(**file);
  record_reader reader(peeking);
  const auto first = reader.next();
  if (!first) return first.error();
  if (const auto form = foreign_form(peeking.head); !form.empty())
    return fail_with(exit_code::wrong_usage, "'{}' is {}", path, form);
  if (!*first) return fail("'{}' is empty: it has not even a header", path);
  input found{path, {}, true, std::string((*first)->raw), 0};
  std::error_code error;
  found.bytes = fs::file_size(path, error);
  if (error) found.bytes = 0;

  std::vector<std::string> names;
  std::string scratch;
  scratch.reserve((*first)->raw.size());
  for (const auto& f : (*first)->fields) names.emplace_back(decode((*first)->bytes(f), f.how, scratch));
  if (auto matched = match_header(names)) {
    found.where = std::move(*matched);
  } else if (const auto set = set_of_shape(**first, set_of_name(path), now_ms())) {
    found.where = published_layout(*set);
    found.has_header = false;
    found.header = published_header(*set);
  } else {
    return looked_at{std::nullopt, fmt::format("'{}' is none of the seven sets: its first line is '{}'", path,
                                               (*first)->raw.substr(0, 120))};
  }
  if (!found.where.unknown.empty())
    log::warning("columns that mean nothing here are left out file={} columns={}", path,
                 fmt::join(found.where.unknown, ","));
  return looked_at{std::move(found), {}};
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto number = [](std::string_view text, std::size_t& at) {
        while (at < text.size() && text[at] == '0') ++at;
        const auto start = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return text.substr(start, at - start);
      };
      const auto x = number(a, i), y = number(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else if (a[i] != b[j]) {
      // The end of a name before anything that follows it: reviews.csv before reviews_2.csv.
      if (a[i] == '.' || b[j] == '.') return a[i] == '.';
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  if ((i == a.size()) != (j == b.size())) return i == a.size();
  return a < b;
}

result<std::vector<input>> find_inputs(const std::vector<std::string>& sources) {
  std::vector<input> inputs;
  for (const auto& source : sources) {
    if (source == "-" || source.find("://") != std::string::npos)
      return fail_with(exit_code::wrong_usage,
                       "'{}' cannot be read from: give a folder, a file or a glob on this machine", source);
    std::vector<std::string> files{source};
    const bool is_folder = fs::is_directory(source);
    if (is_folder) {
      auto found = files_of_folder(source);
      if (!found) return found.error();
      files = std::move(*found);
    } else if (!fs::exists(source) && source.find_first_of("*?[") != std::string::npos) {
      files = files_of_glob(source);
      if (files.empty()) return fail("nothing matches '{}'", source);
    }
    for (const auto& file : files) {
      auto seen = look_at(file);
      if (!seen) return seen.error();
      if (seen->known)
        inputs.push_back(std::move(*seen->known));
      else if (is_folder && !set_of_name(file))
        log::warning("left out: {}", seen->why_not);
      else
        return fail("{}", seen->why_not);
    }
  }
  if (inputs.empty()) return fail("none of the files is one of the seven sets");
  return inputs;
}

}  // namespace atelier::etl
