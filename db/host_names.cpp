#include "db/host_names.hpp"

#include "core/options.hpp"
#include "db/conninfo.hpp"

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/asio/this_coro.hpp>

namespace atelier::db {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  boost::algorithm::split(parts, list, boost::algorithm::is_any_of(","));
  return parts;
}

bool is_name(const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  return !host.empty() && host.front() != '/' && host.front() != '@' && not_an_address;
}

}  // namespace

std::string comma_separated(const std::vector<std::string>& list) {
  return boost::algorithm::join(list, ",");
}

std::optional<servers> servers_to_look_up(const std::string& conninfo) {
  // What it says of a keyword, else what the environment says.
  const auto setting = [&](std::string_view keyword, const char* variable) {
    const auto said = said_in(conninfo, keyword);
    return said ? *said : environment_variable(variable).value_or("");
  };
  if (!setting("service", "PGSERVICE").empty() || !setting("hostaddr", "PGHOSTADDR").empty())
    return std::nullopt;
  servers named{split(setting("host", "PGHOST")), {}, split(setting("port", "PGPORT"))};
  if (std::none_of(named.hosts.begin(), named.hosts.end(), is_name)) return std::nullopt;
  if (named.ports.size() == 1) named.ports.resize(named.hosts.size(), named.ports.front());
  if (named.ports.size() != named.hosts.size()) return std::nullopt;  // libpq says what is wrong with it
  named.addresses.resize(named.hosts.size());
  return named;
}

task<result<servers>> look_up(servers named) {
  asio::ip::basic_resolver<asio::ip::tcp, executor> resolver(co_await asio::this_coro::executor);
  servers found;
  const auto add = [&](std::size_t i, std::string address) {
    found.hosts.push_back(named.hosts[i]);
    found.addresses.push_back(std::move(address));
    found.ports.push_back(named.ports[i]);
  };
  for (std::size_t i = 0; i < named.hosts.size(); ++i) {
    if (!is_name(named.hosts[i])) {
      add(i, {});
      continue;
    }
    const auto [error, endpoints] = co_await resolver.async_resolve(named.hosts[i], "", no_throw);
    if (error)
      co_return fail(
          "the name of the database's host '{}' cannot be found: {}; check --db, or write its address",
          named.hosts[i], error.message());
    for (const auto& entry : endpoints) add(i, entry.endpoint().address().to_string());
  }
  co_return found;
}

}  // namespace atelier::db
