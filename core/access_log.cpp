#include "core/access_log.hpp"

#include "core/log.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace atelier {
namespace {

using namespace std::chrono_literals;

constexpr auto batch_time = 50ms;     // lines are gathered for so long before they are written
constexpr auto last_words_time = 1s;  // for what is left at the end
constexpr int not_open = -1;

int open_for_appending(const std::string& file) {
  if (file == "-") return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

result<int> open_file(const std::string& file) {
  const int opened = open_for_appending(file);
  if (opened < 0)
    return fail("the access log '{}' cannot be opened: {}; choose another with --access-log-file", file,
                std::strerror(errno));
  return opened;
}

// False: not all of it could be written.
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

// Outlives the log where its thread is stuck in a write.
struct access_log::shared {
  std::mutex mutex;
  std::condition_variable news;
  std::string pending;
  std::size_t pending_lines = 0;
  std::size_t writing_bytes = 0;
  std::uint64_t dropped = 0;
  int file = not_open;
  int next_file = not_open;  // from reopen()
  bool ending = false;
  bool ended = false;
  bool failing = false;

  void run() {
    std::string bytes;
    std::unique_lock lock(mutex);
    for (;;) {
      news.wait(lock, [&] { return !pending.empty() || ending; });
      if (!ending) news.wait_for(lock, batch_time, [&] { return ending; });
      if (pending.empty() && ending) break;
      bytes.swap(pending);
      writing_bytes = bytes.size();
      const auto lines = std::exchange(pending_lines, 0);
      if (next_file != not_open) close(std::exchange(file, std::exchange(next_file, not_open)));
      lock.unlock();
      const bool written = write_all(file, bytes);
      const int reason = errno;
      bytes.clear();
      lock.lock();
      writing_bytes = 0;
      if (!written) dropped += lines;
      if (!written && !failing)
        log::error("the access log cannot be written: {}; its lines are dropped until there is room",
                   std::strerror(reason));
      failing = !written;
    }
    close(file);
    ended = true;
    news.notify_all();
  }
};

result<std::unique_ptr<access_log>> access_log::open(const access_log_options& options) {
  int file = not_open;
  if (options.how_much != access_log_options::detail::off) {
    const auto opened = open_file(options.file);
    if (!opened) return opened.error();
    file = *opened;
  }
  return std::unique_ptr<access_log>(new access_log(options, file));
}

access_log::access_log(const access_log_options& options, int file)
    : options_(options), shared_(std::make_shared<shared>()) {
  if (file == not_open) {
    shared_->ended = true;
    return;
  }
  shared_->file = file;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the loop's thread
  std::thread([s = shared_] { s->run(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

access_log::~access_log() {
  std::unique_lock lock(shared_->mutex);
  shared_->ending = true;
  shared_->news.notify_all();
  shared_->news.wait_for(lock, last_words_time, [this] { return shared_->ended; });
}

void access_log::write(const access_entry& entry) {
  line_.clear();
  append_access_line(line_, entry, options_.as, std::chrono::system_clock::now());
  ++lines_;
  auto& s = *shared_;
  const std::lock_guard lock(s.mutex);
  if (s.pending.size() + s.writing_bytes + line_.size() > options_.buffer_bytes_max) {
    ++s.dropped;
    return;
  }
  const bool was_empty = s.pending.empty();
  s.pending += line_;
  ++s.pending_lines;
  if (was_empty) s.news.notify_one();
}

result<> access_log::reopen() {
  if (options_.how_much == access_log_options::detail::off || options_.file == "-") return {};
  const auto opened = open_file(options_.file);
  if (!opened) return opened.error();
  const std::lock_guard lock(shared_->mutex);
  const int unused = std::exchange(shared_->next_file, *opened);
  if (unused != not_open) close(unused);
  return {};
}

std::uint64_t access_log::dropped() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->dropped;
}

}  // namespace atelier
