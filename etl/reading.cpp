#include "etl/reading.hpp"

#include "core/log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <set>

namespace atelier::etl {
namespace {

constexpr std::uint64_t count_every_rows = 512;  // figures that other threads look at

// What stands in a column of the record, for the log.
std::string_view bytes_of(const record& r, const layout& where, std::string_view column) {
  for (std::size_t i = 0; i < r.fields.size() && i < where.column_of.size(); ++i)
    if (where.column_of[i] != layout::ignored &&
        shape_of(where.set).columns[where.column_of[i]].name == column)
      return r.bytes(r.fields[i]);
  return {};
}

// One file from its first byte to its last: opened, unpacked, made UTF-8, split into records.
class file_in_reading {
 public:
  static result<file_in_reading> open(input& of) {
    std::shared_ptr<opened_place> opened = std::move(of.open);
    if (!opened) {
      auto now = open_place(of.from, of.is_digested);
      if (!now) return now.error();
      opened = std::move(*now);
    }
    return file_in_reading(std::move(opened), of);
  }

  record_reader& records() { return *records_; }
  stored_source& stored() { return opened_->stored(); }
  encoding stored_as() const { return text_->stored_as(); }

 private:
  file_in_reading(std::shared_ptr<opened_place> opened, input& of)
      : opened_(std::move(opened)),
        content_(std::make_unique<replayed_source>(std::move(of.read_already), opened_->content())),
        text_(std::make_unique<recoded_source>(*content_, of.stored)),
        records_(std::make_unique<record_reader>(*text_, of.written)) {
    records_->expect_columns(of.where.column_of.size());
  }

  std::shared_ptr<opened_place> opened_;
  std::unique_ptr<replayed_source> content_;
  std::unique_ptr<recoded_source> text_;
  std::unique_ptr<record_reader> records_;
};

result<> read_file(run_state& run, std::uint32_t index, const see_row& see) {
  auto& file = *run.files()[index];
  const auto begun = std::chrono::steady_clock::now();
  file.begun = begun;
  auto opened = file_in_reading::open(file.of);
  if (!opened) return opened.error();
  auto& reader = opened->records();
  row_cleaner cleaner(file.of.where, run.now_ms(), file.of.written);
  row values;
  rejection why{};  // of the row that is refused

  for (std::uint64_t records = 0;; ++records) {
    const auto next = reader.next();
    if (!next) return next.error();
    if (records % count_every_rows == 0 || !*next)
      run.count_read(file, opened->stored().bytes_read(),
                     *next ? (*next)->offset : file.of.bytes.value_or(0));
    if (!*next) break;
    if (records == file.of.header_at) continue;
    const record& r = **next;
    ++file.counts.rows_read;
    ++file.undecided;
    fate what = fate::refused;
    if (cleaner.clean(r, values, why)) {
      auto seen = see(index, r, values, why);
      if (!seen) return seen.error();
      what = *seen;
      if (what == fate::refused) why.value = bytes_of(r, file.of.where, why.column);
    }
    if (what != fate::deferred) --file.undecided;
    if (what == fate::loaded) run.count_loaded(file, values.repairs);
    if (what == fate::refused)
      run.count_rejected(file, {r.line, r.offset, why.why, why.column, why.value, r.raw});
    if (run.must_stop()) {
      if (auto limit = run.over_limit(false)) return *limit;
      if (file.rejects.failed()) break;
      return fail("stopped because another part of the load failed");
    }
  }
  if (auto written = file.rejects.finish(); !written) return written;
  if (auto drained = opened->stored().drain(); !drained) return drained;
  if (file.of.stored == encoding::ascii && opened->stored_as() == encoding::windows_1252)
    log::info("what is not ASCII begins late, and was read in its encoding file={} encoding={}",
              file.of.from.shown, name_of(encoding::windows_1252));
  file.bytes = opened->stored().bytes_read();
  file.sha256 = opened->stored().sha256();
  file.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  file.is_over = true;
  return {};
}

}  // namespace

std::optional<reject_limit> parse_reject_limit(const std::string& text) {
  const bool is_share = text.ends_with('%');
  const auto digits = text.substr(0, text.size() - (is_share ? 1 : 0));
  if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789.") != std::string::npos)
    return std::nullopt;
  if (!is_share) {
    if (digits.find('.') != std::string::npos) return std::nullopt;
    return reject_limit{std::stoull(digits), std::nullopt};
  }
  if (std::count(digits.begin(), digits.end(), '.') > 1 || digits == ".") return std::nullopt;
  const double share = std::stod(digits);
  if (share > 100) return std::nullopt;
  return reject_limit{std::nullopt, share / 100};
}

namespace {

// reviews.csv.gz and archive.zip/reviews.csv both give reviews.
std::string reject_stem(const place& from) {
  auto stem = std::filesystem::path(from.shown).filename().string();
  for (const std::string_view ending : {".gz", ".zst", ".zstd", ".csv", ".CSV", ".tsv"})
    if (stem.size() > ending.size() && stem.ends_with(ending)) stem.resize(stem.size() - ending.size());
  std::replace(stem.begin(), stem.end(), ' ', '-');
  return stem;
}

}  // namespace

run_state::run_state(std::vector<input> inputs, const std::string& reject_folder, reject_limit limit,
                     std::string_view kept)
    : limit_(limit),
      kept_(kept),
      now_ms_(std::chrono::duration_cast<std::chrono::milliseconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count()) {
  std::set<std::string> taken;
  for (auto& one : inputs) {
    present_[static_cast<std::size_t>(one.where.set)] = true;
    std::string stem;
    if (!reject_folder.empty()) {
      const auto name = reject_stem(one.from);
      stem = name;
      for (int times = 2; !taken.insert(stem).second; ++times)  // two folders, one name
        stem = fmt::format("{}-{}", name, times);
      stem = fmt::format("{}/{}", reject_folder, stem);
    }
    files_.push_back(std::make_unique<reading>(std::move(one), std::move(stem)));
  }
}

result<> run_state::spare_inputs() const {
  for (const auto& writer : files_)
    for (const auto& name : writer->rejects.names())
      for (const auto& file : files_) {
        std::error_code one_is_not_there;
        if (file->of.from.where == place::kind::file &&
            std::filesystem::equivalent(file->of.from.address, name, one_is_not_there))
          return fail_with(exit_code::wrong_usage,
                           "'{}' is to be loaded, and the rejects of '{}' would be written over it: choose "
                           "another folder with --rejects",
                           file->of.from.shown, writer->of.from.shown);
      }
  return {};
}

void run_state::remove_earlier_rejects() const {
  for (const auto& file : files_) file->rejects.remove_earlier();
}

void run_state::count_loaded(reading& file, repair_set repairs) { file.counts.count_loaded(repairs); }

void run_state::count_rejected(reading& file, const reject_note& note) {
  file.counts.count_rejected(note.why);
  file.rejects.add(note);
  if (file.rejects.failed()) stop();
  if (note.why == reject::duplicate_id) return;
  ++rejected_;
  if (over_limit(false)) {
    limit_passed_ = true;
    stop();
  }
}

void run_state::count_read(reading& file, std::uint64_t stored, std::uint64_t parsed) {
  rows_read_ += file.counts.rows_read - file.rows_so_far;
  file.rows_so_far = file.counts.rows_read;
  file.parsed_so_far = parsed;
  file.bytes_so_far = file.of.bytes ? parsed : stored;
}

// The rows to come first and those read last, so that a row that passes from one to the other meanwhile is
// counted twice and never left out.
std::uint64_t run_state::rows_at_most() const {
  std::uint64_t rows = 0;
  bool any_unknown = false;
  for (const auto& file : files_) {
    if (file->is_over) continue;
    any_unknown |= !file->of.bytes;
    if (file->of.bytes)
      rows += 1 + (*file->of.bytes - std::min(*file->of.bytes, file->parsed_so_far.load())) /
                      shortest_row_bytes(file->of.where.set);
  }
  return rows + (any_unknown ? unseen_rows_max : 0) + rows_read_.load();
}

std::optional<failure> run_state::over_limit(bool at_end) const {
  const auto rejected = rejected_.load();
  if (limit_.rows && rejected > *limit_.rows)
    return fail_with(exit_code::stopped_by_limit,
                     "more than {} rows were rejected (--max-rejects): {}; --rejects DIR keeps which and why",
                     *limit_.rows, kept_);
  if (!limit_.share) return std::nullopt;
  std::uint64_t rows = 0;
  if (at_end) {
    for (const auto& file : files_) rows += file->counts.rows_read;
  } else {
    rows = rows_at_most();
  }
  if (!limit_passed_ && static_cast<double>(rejected) <= *limit_.share * static_cast<double>(rows))
    return std::nullopt;
  return fail_with(
      exit_code::stopped_by_limit,
      "{} rows were rejected, more than {}% of all (--max-rejects): {}; --rejects DIR keeps which and why",
      rejected, *limit_.share * 100, kept_);
}

load_report run_state::report(bool at_end) const {
  load_report all;
  for (const auto& file : files_) {
    all.files.push_back(
        {file->of.from.shown, file->of.where.set, file->counts, file->bytes, file->seconds, file->sha256});
    if (!at_end) all.files.back().counts.rows_read -= file->undecided;
  }
  return all;
}

fate refuse(rejection& why, reject reason, set_kind set, std::size_t column) {
  why = {reason, shape_of(set).columns[column].name, {}};
  return fate::refused;
}

result<> read_set(run_state& run, set_kind set, const see_row& see) {
  for (std::uint32_t i = 0; i < run.files().size(); ++i)
    if (run.files()[i]->of.where.set == set)
      if (auto done = read_file(run, i, see); !done) return done;
  return {};
}

}  // namespace atelier::etl
