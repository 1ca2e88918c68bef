#include "core/lookup.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace atelier {
namespace {

using asio::ip::tcp;
using addresses = result<std::vector<socket_address>>;

failure not_resolved(const address& where, const std::string& why) {
  return fail("the name '{}' cannot be resolved: {}; check it, or write its address", where.host, why);
}

addresses ask(const address& where) {
  asio::io_context none;
  tcp::resolver names(none);
  error_code error;
  const auto found =
      names.resolve(where.host, std::to_string(where.port), tcp::resolver::numeric_service, error);
  if (error) return not_resolved(where, error.message());
  std::vector<socket_address> all;
  for (const auto& entry : found) {
    const auto endpoint = entry.endpoint();
    all.emplace_back(endpoint.data(), endpoint.size());
  }
  return all;
}

// What the loop and the thread share, whichever of them ends first.
struct inquiry {
  inquiry(address a, int told)
      : where(std::move(a)), told_by(told), found(not_resolved(where, "no answer")) {}

  // The other end of the pipe sees this one close.
  void run() {
    auto all = ask(where);
    {
      const std::lock_guard lock(mutex);
      found = std::move(all);
    }
    ::close(told_by);
  }
  addresses take() {
    const std::lock_guard lock(mutex);
    return std::move(found);
  }

  const address where;
  const int told_by;
  std::mutex mutex;
  addresses found;
};

bool needs_no_lookup(const address& where) {
  error_code not_an_address;
  asio::ip::make_address(where.host, not_an_address);
  return where.is_path() || !not_an_address;
}

}  // namespace

task<addresses> look_up(asio::io_context& loop, address where) {
  if (needs_no_lookup(where)) {
    const auto one = resolve(where);
    if (!one) co_return one.error();
    co_return std::vector<socket_address>{*one};
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    co_return not_resolved(where,
                           boost::system::error_code(errno, boost::system::system_category()).message());
  asio::posix::basic_stream_descriptor<executor> answered(loop, ends[0]);
  const auto asked = std::make_shared<inquiry>(std::move(where), ends[1]);
  try {
    std::thread([asked] { asked->run(); }).detach();
  } catch (const std::system_error& e) {  // no thread is to be had
    ::close(ends[1]);
    co_return not_resolved(asked->where, e.code().message());
  }
  co_await answered.async_wait(asio::posix::descriptor_base::wait_read, no_throw);
  co_return asked->take();
}

std::string to_string(const socket_address& a) {
  if (a.family() == AF_UNIX)
    return to_string(address{{}, 0, reinterpret_cast<const sockaddr_un*>(a.data())->sun_path});
  tcp::endpoint where;
  where.resize(a.size());
  std::memcpy(where.data(), a.data(), a.size());
  return to_string(address{where.address().to_string(), where.port()});
}

}  // namespace atelier
