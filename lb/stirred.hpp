// Whether anything came on a connection while nobody waited for it.
#pragma once

#include "core/async.hpp"

namespace atelier::lb {

/// False if the reactor has seen nothing since the last wait to read ended: then the other side has neither
/// sent nor closed, as far as anybody can know, and no system call is needed to find out. True also of an
/// edge whose bytes were read already: look before you judge.
bool has_stirred(tcp_socket& socket);

}  // namespace atelier::lb
