#include "support/process.hpp"

#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <stdexcept>

namespace atelier::test {
namespace {

int open_for_writing(const std::filesystem::path& file) {
  return open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return where;
}

std::uint16_t some_port() {
  const int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto where = loopback(0);
  socklen_t size = sizeof where;
  const bool bound = bind(one, reinterpret_cast<const sockaddr*>(&where), size) == 0 &&
                     getsockname(one, reinterpret_cast<sockaddr*>(&where), &size) == 0;
  close(one);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(where.sin_port);
}

}  // namespace

struct child_process::state {
  std::string program;
  temp_dir folder;
  std::optional<stack::child> child;
};

child_process::child_process(const std::string& program, const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment, const std::string& folder)
    : state_(std::make_unique<state>()) {
  state_->program = program;
  stack::launch what;
  what.program = program;
  what.arguments = arguments;
  what.environment = stack::environment_without({"ATELIER_", "PG"});
  what.environment.insert(what.environment.begin(), environment.begin(), environment.end());
  what.folder = folder;
  what.output = open_for_writing(state_->folder / "stdout");
  what.errors = open_for_writing(state_->folder / "stderr");
  auto started = stack::child::start(what);
  close(what.output);
  close(what.errors);
  if (!started) throw std::runtime_error(started.error().what);
  state_->child.emplace(std::move(*started));
}

child_process::~child_process() = default;
child_process::child_process(child_process&&) noexcept = default;
child_process& child_process::operator=(child_process&&) noexcept = default;

pid_t child_process::pid() const { return state_->child->pid(); }
bool child_process::running() { return !state_->child->ended(); }
void child_process::signal(int number) { state_->child->signal(number); }
std::string child_process::output() const { return read_file(state_->folder / "stdout"); }
std::string child_process::errors() const { return read_file(state_->folder / "stderr"); }

finished child_process::wait(std::chrono::milliseconds at_most) {
  const auto end = state_->child->wait(at_most);
  if (!end) throw std::runtime_error(state_->program + " does not end; it wrote:\n" + output() + errors());
  return {end->code, output(), errors()};
}

void child_process::wait_for(std::string_view text, std::chrono::milliseconds at_most) {
  const auto written = [&] { return (output() + "\n" + errors()).find(text) != std::string::npos; };
  wait_until(at_most, [&] { return written() || !running(); });
  if (!written())
    throw std::runtime_error(state_->program + " did not write '" + std::string(text) + "' but:\n" +
                             output() + errors());
}

finished run_program(const std::string& program, const std::vector<std::string>& arguments,
                     std::chrono::milliseconds at_most, const std::vector<std::string>& environment) {
  return child_process(program, arguments, environment).wait(at_most);
}

std::vector<pid_t> family_of(pid_t first) {
  std::vector<pid_t> family{first};
  for (std::size_t i = 0; i < family.size(); ++i) {
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", family[i]));
    for (pid_t one = 0; children >> one;) family.push_back(one);
  }
  return family;
}

std::vector<std::string> words_of(pid_t process) {
  std::vector<std::string> words;
  std::ifstream in(fmt::format("/proc/{}/cmdline", process), std::ios::binary);
  for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
  return words;
}

bool is_alive(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto end_of_name = text.rfind(") ");
  return end_of_name != std::string::npos && text[end_of_name + 2] != 'Z' && text[end_of_name + 2] != 'X';
}

std::uint16_t free_port() {
  static std::set<std::uint16_t> given;
  for (int attempt = 0; attempt < 1000; ++attempt)
    if (const auto port = some_port(); given.insert(port).second) return port;
  throw std::runtime_error("no free port");
}

bool is_listening(std::uint16_t port) {
  const int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto where = loopback(port);
  const bool connected = connect(one, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  close(one);
  return connected;
}

}  // namespace atelier::test
