#include "lb/context.hpp"

#include "lb/workspace.hpp"

namespace atelier::lb {
namespace {

constexpr std::size_t workspaces_max = 1024;  // kept for requests to come; a burst's others are freed
constexpr std::size_t transits_max = 256;     // the same, for answers that were too large to be sent at once

}  // namespace

context::context(asio::io_context& io, const limits& l, const health_rules& r)
    : loop(io),
      bounds(l),
      rules(r),
      pool(io, bounds, rules),
      guard(io),
      workspaces(workspaces_max),
      transits(transits_max),
      retry_line(io) {}

context::~context() = default;

}  // namespace atelier::lb
