#include "db/link.hpp"

#include "core/log.hpp"
#include "db/host_names.hpp"
#include "db/session.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <utility>
#include <vector>

namespace atelier::db {
namespace {

// A UNIX socket, or one address at both ends: loopback, or the machine's own by its name.
bool both_ends_are_here(int socket) {
  asio::ip::tcp::endpoint ours;
  asio::ip::tcp::endpoint theirs;
  auto ours_size = static_cast<socklen_t>(ours.capacity());
  auto theirs_size = static_cast<socklen_t>(theirs.capacity());
  if (::getsockname(socket, ours.data(), &ours_size) != 0 ||
      ::getpeername(socket, theirs.data(), &theirs_size) != 0)
    return false;
  return ours.data()->sa_family == AF_UNIX || ours.address() == theirs.address();
}

}  // namespace

void outage::begins(std::string_view what, std::string_view reason) {
  if (std::exchange(said_, true)) return;
  log::warning("{}; trying again until it is back reason={:?}", what, reason);
}

void outage::ends(PGconn* connection) {
  if (!std::exchange(said_, false)) return;
  log::info("connected to PostgreSQL again database={:?}", place_of(connection));
}

std::chrono::milliseconds back_off::next() {
  const auto half = next_.count() / 2;
  next_ = std::min(next_ * 2, most_);
  return std::chrono::milliseconds(half +
                                   static_cast<long>(jitter_() % static_cast<unsigned long>(half + 1)));
}

// Starts to connect, with every name looked up: from here on libpq does not block.
task<bool> link::begin() {
  std::vector<std::pair<const char*, std::string>> parameters{
      // What stands before dbname is a default that the conninfo may replace; what stands behind it replaces.
      {"keepalives_idle", "10"}, {"keepalives_interval", "5"},
      {"keepalives_count", "3"}, {"fallback_application_name", application_name_},
      {"dbname", conninfo_},     {"client_encoding", "UTF8"},
  };
  look_up_problem_.clear();
  if (auto named = servers_to_look_up(conninfo_)) {
    const auto found = co_await look_up(std::move(*named));
    if (!found) {
      look_up_problem_ = found.error().what;
      co_return false;
    }
    parameters.emplace_back("host", comma_separated(found->hosts));
    parameters.emplace_back("hostaddr", comma_separated(found->addresses));
    parameters.emplace_back("port", comma_separated(found->ports));
  }
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) co_return false;
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  co_return true;
}

task<bool> link::connect() {
  interrupted_ = false;
  if (!co_await begin()) co_return false;
  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(connection_.get())) {
    if (next == PGRES_POLLING_FAILED) co_return false;
    // libpq may have gone on to another socket: take the one of now, and never close it ourselves.
    error_code error;
    descriptor_.assign(PQsocket(connection_.get()), error);
    if (error) co_return false;
    const bool fine =
        co_await wait(next == PGRES_POLLING_READING ? descriptor::wait_read : descriptor::wait_write);
    descriptor_.release();
    if (!fine) co_return false;
  }
  error_code error;
  descriptor_.assign(PQsocket(connection_.get()), error);
  local_ = !error && both_ends_are_here(PQsocket(connection_.get()));
  co_return !error && !interrupted_ && PQsetnonblocking(connection_.get(), 1) == 0;
}

task<bool> link::wait(descriptor::wait_type what) {
  if (interrupted_) co_return false;
  const auto [error] = co_await descriptor_.async_wait(what, no_throw);
  co_return !error && !interrupted_;
}

void link::interrupt() {
  interrupted_ = true;
  error_code ignored;
  if (descriptor_.is_open()) descriptor_.cancel(ignored);
}

void link::close() {
  if (descriptor_.is_open()) descriptor_.release();  // PQfinish closes it
  connection_.reset();
}

std::string link::reason() const {
  if (!look_up_problem_.empty()) return look_up_problem_;
  return connection_ ? first_line(PQerrorMessage(connection_.get())) : std::string();
}

}  // namespace atelier::db
