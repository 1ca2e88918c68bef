#include "etl/progress.hpp"

#include "core/log.hpp"

#include <unistd.h>

#include <cstdio>

namespace atelier::etl {
namespace {

constexpr auto redraw_every = std::chrono::milliseconds(200);
constexpr auto say_every = std::chrono::seconds(10);
constexpr std::size_t bar_width = 20;

std::string_view file_name(const reading& r) {
  return std::string_view(r.of.from.shown).substr(r.of.from.shown.find_last_of('/') + 1);
}

}  // namespace

std::string progress_line(std::string_view name, std::uint64_t bytes,
                          std::optional<std::uint64_t> bytes_total, std::uint64_t rows, double seconds) {
  double share = 0;
  if (bytes_total)
    share = bytes < *bytes_total ? static_cast<double>(bytes) / static_cast<double>(*bytes_total) : 1;
  const auto full = static_cast<std::size_t>(share * bar_width);
  const auto percent = bytes_total ? std::to_string(static_cast<int>(share * 100)) : "?";
  auto line = fmt::format("{:<28} [{:<20}] {:>3}% {:>7} MB {:>11} rows", name, std::string(full, '#'),
                          percent, bytes >> 20, rows);
  if (seconds > 0.5 && rows > 0) line += fmt::format(" {:>9.0f}/s", static_cast<double>(rows) / seconds);
  if (seconds > 0.5 && share > 0.01 && share < 1)
    line += fmt::format(" {:>5.0f} s left", seconds * (1 - share) / share);
  return line;
}

std::string progress_line(const reading& file, std::chrono::steady_clock::time_point now) {
  const bool is_over = file.is_over;
  const std::uint64_t bytes = file.bytes_so_far;
  return progress_line(file_name(file), bytes, is_over ? bytes : file.bytes_expected(), file.rows_so_far,
                       is_over ? 0 : std::chrono::duration<double>(now - file.begun.load()).count());
}

progress::progress(run_state& run)
    : run_(run), terminal_(::isatty(STDERR_FILENO) == 1), thread_([this] { watch(); }) {}

void progress::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    over_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void progress::watch() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    wake_.wait_for(
        lock, terminal_ ? std::chrono::milliseconds(redraw_every) : std::chrono::milliseconds(say_every));
    if (terminal_)
      draw();
    else if (!over_)
      say();
  }
}

void progress::draw() {
  std::string screen = drawn_lines_ > 0 ? fmt::format("\x1b[{}A", drawn_lines_) : "";
  drawn_lines_ = 0;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& file : run_.files()) {
    if (file->rows_so_far == 0 && !file->is_over) continue;
    screen += "\r\x1b[K" + progress_line(*file, now) + '\n';
    ++drawn_lines_;
  }
  std::fwrite(screen.data(), 1, screen.size(), stderr);
}

void progress::say() {
  std::uint64_t rows = 0, bytes = 0;
  std::optional<std::uint64_t> total = 0;
  for (const auto& file : run_.files()) {
    rows += file->rows_so_far;
    bytes += file->bytes_so_far;
    const auto expected = file->bytes_expected();
    total = total && expected ? std::optional(*total + *expected) : std::nullopt;
  }
  log::info("reading rows={} megabytes={} of={}", rows, bytes >> 20,
            total ? std::to_string(*total >> 20) : "unknown");
}

}  // namespace atelier::etl
