#include "lb/workspace.hpp"

namespace atelier::lb {

bool workspace::worth_keeping() {
  constexpr std::size_t kept_bytes_max = 64 * 1024;  // after a burst of large bodies the memory goes back
  under_way.reset();
  if (in.capacity() > kept_bytes_max || from_worker.capacity() > kept_bytes_max ||
      to_worker.text.capacity() > kept_bytes_max || to_client.text.capacity() > kept_bytes_max)
    return false;
  in.clear();
  from_worker.clear();
  to_worker.clear();
  to_client.clear();
  return true;
}

}  // namespace atelier::lb
