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

std::string progress_line(std::string_view name, std::uint64_t bytes, std::uint64_t bytes_total,
                          std::uint64_t rows, double seconds) {
  const double share =
      bytes_total == 0 ? 1 : std::min(1.0, static_cast<double>(bytes) / static_cast<double>(bytes_total));
  const auto full = static_cast<std::size_t>(share * bar_width);
  auto line = fmt::format("{:<28} [{:<20}] {:>3}% {:>7} MB {:>11} rows", name, std::string(full, '#'),
                          static_cast<int>(share * 100), bytes >> 20, rows);
  if (seconds > 0.5 && rows > 0) line += fmt::format(" {:>9.0f}/s", static_cast<double>(rows) / seconds);
  if (seconds > 0.5 && share > 0.01 && share < 1)
    line += fmt::format(" {:>5.0f} s left", seconds * (1 - share) / share);
  return line;
}

progress::progress(run_state& run)
    : run_(run),
      terminal_(::isatty(STDERR_FILENO) == 1),
      begun_(std::chrono::steady_clock::now()),
      thread_([this] { watch(); }) {}

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
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  for (const auto& file : run_.files()) {
    if (file->rows_so_far == 0 && !file->is_over) continue;
    screen += "\r\x1b[K" +
              progress_line(file_name(*file), file->bytes_so_far, file->bytes_expected().value_or(0),
                            file->rows_so_far, file->is_over ? 0 : seconds) +
              '\n';
    ++drawn_lines_;
  }
  std::fwrite(screen.data(), 1, screen.size(), stderr);
}

void progress::say() {
  std::uint64_t rows = 0, bytes = 0, total = 0;
  for (const auto& file : run_.files()) {
    rows += file->rows_so_far;
    bytes += file->bytes_so_far;
    total += file->bytes_expected().value_or(0);
  }
  log::info("reading rows={} megabytes={} of={}", rows, bytes >> 20, total >> 20);
}

}  // namespace atelier::etl
