#include "etl/rejects.hpp"

#include "etl/json_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace atelier::etl {
namespace {

int open_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor >= 0) ::fchmod(descriptor, 0600);
  return descriptor;
}

}  // namespace

result<> prepare_reject_folder(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const auto probe = directory + "/.atelier-writes-here";
  const int descriptor = error ? -1 : open_private(probe);
  if (descriptor < 0)
    return fail("the folder for rejects, '{}', cannot be written: {}; choose another with --rejects",
                directory, error ? error.message() : std::strerror(errno));
  ::close(descriptor);
  ::unlink(probe.c_str());
  return {};
}

std::string reject_line(std::string_view file, const reject_note& note) {
  std::string line = "{\"file\":";
  append_json(line, file);
  fmt::format_to(std::back_inserter(line), ",\"line\":{},\"offset\":{},\"column\":", note.line, note.offset);
  if (note.column.empty())
    line += "null";
  else
    append_json(line, note.column);
  fmt::format_to(std::back_inserter(line),
                 ",\"reason\":\"{}\",\"value\":", reject_names[static_cast<std::size_t>(note.why)]);
  if (note.column.empty())
    line += "null";
  else
    append_json(line, note.value);
  if (is_utf8(note.raw)) {
    line += ",\"raw\":";
    append_json(line, note.raw);
  } else {
    line += ",\"raw_base64\":\"";
    append_base64(line, note.raw);
    line += '"';
  }
  return line + '}';
}

std::vector<std::string> reject_files::names() const {
  if (stem_.empty()) return {};
  return {stem_ + ".rejects.csv", stem_ + ".rejects.jsonl"};
}

void reject_files::remove_earlier() const {
  for (const auto& name : names()) ::unlink(name.c_str());
}

reject_files::handle reject_files::open(const std::string& path) {
  const int descriptor = open_private(path);
  handle opened(descriptor >= 0 ? ::fdopen(descriptor, "w") : nullptr);
  if (!opened && !problem_)
    problem_ =
        fail("'{}' cannot be written: {}; choose another folder with --rejects", path, std::strerror(errno));
  return opened;
}

void reject_files::put(std::FILE* f, std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size() && !problem_)
    problem_ = fail(
        "the rejects '{}.rejects.*' cannot be written: {}; nothing was published: make room, or choose "
        "another folder with --rejects",
        stem_, std::strerror(errno));
}

void reject_files::add(const reject_note& note) {
  if (stem_.empty() || problem_) return;
  if (!log_) log_ = open(stem_ + ".rejects.jsonl");
  if (!log_) return;
  put(log_.get(), reject_line(file_, note) + '\n');
  // A duplicate needs no mending, and of a record that is too long only the beginning is here: the log says
  // where it stands.
  if (note.why == reject::duplicate_id || note.why == reject::record_too_long) return;
  if (!rows_) {
    rows_ = open(stem_ + ".rejects.csv");
    if (!rows_) return;
    if (!header_.empty()) put(rows_.get(), header_ + '\n');
  }
  put(rows_.get(), note.raw);
  put(rows_.get(), "\n");
}

result<> reject_files::finish() {
  for (auto* f : {rows_.get(), log_.get()})
    if (f && std::fflush(f) != 0 && !problem_)
      problem_ = fail(
          "the rejects '{}.rejects.*' cannot be written: {}; nothing was published: make room, or choose "
          "another folder with --rejects",
          stem_, std::strerror(errno));
  if (problem_) return *problem_;
  return {};
}

}  // namespace atelier::etl
