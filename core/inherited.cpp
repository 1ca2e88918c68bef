#include "core/inherited.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace atelier {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int descriptors_max = 16;

int integer_in(const char* variable) {
  const char* const said = std::getenv(variable);
  const std::string_view text = said ? said : "";
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

}  // namespace

std::vector<inherited_socket> inherited_sockets() {
  std::vector<inherited_socket> all;
  const int count = integer_in("LISTEN_PID") == getpid() ? integer_in("LISTEN_FDS") : 0;
  const char* const said = std::getenv("LISTEN_FDNAMES");
  std::string_view names = said ? said : "";
  for (int i = 0; i < count && i < descriptors_max; ++i) {
    const auto colon = names.find(':');
    all.push_back({first_descriptor + i, std::string(names.substr(0, colon))});
    names = colon == names.npos ? std::string_view() : names.substr(colon + 1);
    fcntl(all.back().descriptor, F_SETFD, FD_CLOEXEC);
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(variable);
  return all;
}

result<tcp_acceptor> adopt_listener(asio::io_context& loop, int descriptor) {
  int listens = 0;
  socklen_t size = sizeof listens;
  sockaddr_storage where{};
  socklen_t where_size = sizeof where;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&where), &where_size) != 0 ||
      (where.ss_family != AF_INET && where.ss_family != AF_INET6))
    return fail(
        "the inherited descriptor {} is not a listening TCP socket: name one with ListenStream= in the "
        "socket unit",
        descriptor);
  tcp_acceptor acceptor(loop);
  error_code error;
  acceptor.assign(where.ss_family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), descriptor, error);
  if (!error) acceptor.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error) acceptor.non_blocking(true, error);
  if (error)
    return fail(
        "the inherited descriptor {} cannot be used: {}; start without LISTEN_FDS, or mend the socket unit",
        descriptor, error.message());
  return acceptor;
}

}  // namespace atelier
