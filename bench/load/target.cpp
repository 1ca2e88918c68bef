#include "bench/load/target.hpp"

#include "core/address.hpp"

namespace atelier::bench {

result<target> find_target(std::string_view url, std::string_view confirmed) {
  constexpr std::string_view scheme = "http://";
  const auto wrong = [&](std::string_view why) {
    return fail_with(exit_code::wrong_usage, "the URL '{}' {}; write http://HOST:PORT", url, why);
  };
  if (!url.starts_with(scheme)) return wrong("does not begin with http://");
  auto authority = url.substr(scheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.empty() || authority.find_first_of("/?#@") != authority.npos)
    return wrong("has more than a host and a port");
  const bool has_port =
      authority.find(':', authority.rfind(']') == authority.npos ? 0 : authority.rfind(']')) !=
      authority.npos;
  const auto parsed = parse_address(has_port ? std::string(authority) : std::string(authority) + ":80");
  if (!parsed) return wrong(parsed.error().what);
  const auto endpoint = resolve_tcp(*parsed);
  if (!endpoint) return endpoint.error();
  if (!endpoint->address().is_loopback() && confirmed != authority)
    return fail_with(
        exit_code::wrong_usage,
        "'{}' is not this machine. If its owner agrees to this load, confirm the address: --confirm {}",
        authority, authority);
  return target{std::string(authority), *endpoint};
}

}  // namespace atelier::bench
