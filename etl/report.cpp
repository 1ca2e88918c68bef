#include "etl/report.hpp"

#include "etl/json_text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace atelier::etl {
namespace {

void append_counts(std::string& out, const row_counts& c) {
  fmt::format_to(std::back_inserter(out),
                 "\"rows_read\":{},\"loaded\":{},\"repaired\":{},\"rejected\":{},\"duplicates\":{}",
                 c.rows_read, c.loaded, c.repaired, c.rejected, c.duplicates);
  out += ",\"repairs\":" + named_counts(c.repairs, repair_names) +
         ",\"rejects\":" + named_counts(c.rejects, reject_names);
}

}  // namespace

std::string named_counts(std::span<const std::uint64_t> counts, std::span<const std::string_view> names) {
  std::string out = "{";
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0)
      fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", out.size() > 1 ? "," : "", names[i], counts[i]);
  return out + '}';
}

void row_counts::count_loaded(repair_set of_row) {
  ++(of_row == 0 ? loaded : repaired);
  for (std::size_t i = 0; of_row != 0; ++i, of_row >>= 1) repairs[i] += of_row & 1U;
}

void row_counts::count_rejected(reject why) {
  if (why == reject::duplicate_id) {
    ++duplicates;
  } else {
    ++rejected;
    ++rejects[static_cast<std::size_t>(why)];
  }
}

void row_counts::add(const row_counts& other) {
  rows_read += other.rows_read;
  loaded += other.loaded;
  repaired += other.repaired;
  rejected += other.rejected;
  duplicates += other.duplicates;
  for (std::size_t i = 0; i < repairs.size(); ++i) repairs[i] += other.repairs[i];
  for (std::size_t i = 0; i < rejects.size(); ++i) rejects[i] += other.rejects[i];
}

row_counts load_report::totals() const {
  row_counts all;
  for (const auto& f : files) all.add(f.counts);
  return all;
}

std::string to_json(const load_report& report) {
  std::string out = "{\"files\":[";
  std::uint64_t bytes = 0;
  for (const auto& f : report.files) {
    if (&f != &report.files.front()) out += ',';
    out += "\n{\"file\":";
    append_json(out, f.file);
    fmt::format_to(std::back_inserter(out), ",\"set\":\"{}\",", shape_of(f.set).name);
    append_counts(out, f.counts);
    fmt::format_to(std::back_inserter(out), ",\"bytes\":{},\"seconds\":{:.3f},\"sha256\":\"{}\"}}", f.bytes,
                   f.seconds, f.sha256);
    bytes += f.bytes;
  }
  out += "],\n\"totals\":{";
  append_counts(out, report.totals());
  fmt::format_to(std::back_inserter(out), ",\"bytes\":{}}},\n\"seconds\":{:.3f},\"published\":{}}}\n", bytes,
                 report.seconds, report.published);
  return out;
}

std::string to_table(const load_report& report) {
  std::string out;
  const auto line = [&](std::string_view name, const row_counts& c, double seconds) {
    fmt::format_to(std::back_inserter(out), "{:<32} {:>12} {:>12} {:>10} {:>10} {:>10} {:>9.1f}\n", name,
                   c.rows_read, c.loaded, c.repaired, c.rejected, c.duplicates, seconds);
  };
  fmt::format_to(std::back_inserter(out), "{:<32} {:>12} {:>12} {:>10} {:>10} {:>10} {:>9}\n", "file",
                 "rows read", "loaded", "repaired", "rejected", "duplicates", "seconds");
  for (const auto& f : report.files)
    line(std::string_view(f.file).substr(f.file.find_last_of('/') + 1), f.counts, f.seconds);
  const auto all = report.totals();
  line("total", all, report.seconds);
  const auto list = [&](std::string_view what, const auto& counts, const auto& names) {
    std::string words;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (counts[i] > 0)
        fmt::format_to(std::back_inserter(words), "{}{} {}", words.empty() ? "" : ", ", names[i], counts[i]);
    if (!words.empty()) fmt::format_to(std::back_inserter(out), "{}: {}\n", what, words);
  };
  list("repairs", all.repairs, repair_names);
  list("rejects", all.rejects, reject_names);
  return out;
}

namespace {

failure cannot_be_written(const std::string& path, int error) {
  return fail("the report '{}' cannot be written: {}; choose another file with --report", path,
              std::strerror(error));
}

std::string part_of(const std::string& path) { return path + ".part"; }

}  // namespace

result<> prepare_report(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) return cannot_be_written(path, EISDIR);
  std::FILE* probe = std::fopen(part_of(path).c_str(), "w");
  if (!probe) return cannot_be_written(path, errno);
  std::fclose(probe);
  std::remove(part_of(path).c_str());
  return {};
}

result<> write_report(const load_report& report, const std::string& path) {
  const auto part = part_of(path);
  const auto text = to_json(report);
  std::FILE* file = std::fopen(part.c_str(), "w");
  bool good = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file) good &= std::fclose(file) == 0;
  if (!good || std::rename(part.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(part.c_str());
    return cannot_be_written(path, error);
  }
  return {};
}

}  // namespace atelier::etl
