#include "lb/stirred.hpp"

#include <boost/asio/detail/reactor.hpp>
#include <boost/version.hpp>

namespace atelier::lb {
namespace {

using asio::detail::reactor;
using record = reactor::descriptor_state;

static_assert(BOOST_VERSION / 100 == 1081,
              "looks into the reactor of Asio 1.26: read start_op() and perform_io() of another one first");

struct inside : tcp_socket {
  static auto& of(tcp_socket& socket) { return (socket.*(&inside::impl_)).get_implementation(); }
};

// An explicit instantiation may name what is private: a mark for each kind of operation, set by an edge that
// found nobody waiting and cleared by a wait that it ended.
template <auto Marks>
struct opened {
  friend const auto& marks_of(const record& one) { return one.*Marks; }
};
const auto& marks_of(const record& one);
template struct opened<&record::try_speculative_>;

}  // namespace

bool has_stirred(tcp_socket& socket) {
  const auto* const one = inside::of(socket).reactor_data_;
  return !one || marks_of(*one)[reactor::read_op];
}

}  // namespace atelier::lb
