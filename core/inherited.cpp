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

// -1 where it has none, or is no socket.
int option_of(int descriptor, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
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
  const auto family = option_of(descriptor, SO_DOMAIN);
  if (option_of(descriptor, SO_ACCEPTCONN) != 1 || option_of(descriptor, SO_TYPE) != SOCK_STREAM ||
      (family != AF_INET && family != AF_INET6 && family != AF_UNIX)) {
    ::close(descriptor);
    return fail(
        "the inherited descriptor {} is not a listening socket of TCP or UNIX: name one with "
        "ListenStream= in the socket unit",
        descriptor);
  }
  tcp_acceptor acceptor(loop);
  error_code error;
  // Nothing here asks a UNIX socket for a TCP address: see listen_on().
  acceptor.assign(family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor, error);
  if (!error && family != AF_UNIX) acceptor.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error) acceptor.non_blocking(true, error);
  if (error && !acceptor.is_open()) ::close(descriptor);
  if (error)
    return fail(
        "the inherited descriptor {} cannot be used: {}; start without LISTEN_FDS, or mend the socket unit",
        descriptor, error.message());
  return acceptor;
}

}  // namespace atelier
