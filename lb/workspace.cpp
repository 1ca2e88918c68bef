#include "lb/workspace.hpp"

namespace atelier::lb {
namespace {

constexpr std::size_t kept_bytes_max = 64 * 1024;  // after a burst of large bodies the memory goes back

}  // namespace

bool workspace::worth_keeping() {
  under_way.reset();
  in.clear();
  return in.capacity() <= kept_bytes_max;
}

bool transit::worth_keeping() {
  from_worker.clear();
  to_worker.clear();
  to_client.clear();
  return from_worker.capacity() <= kept_bytes_max && to_worker.text.capacity() <= kept_bytes_max &&
         to_client.text.capacity() <= kept_bytes_max;
}

}  // namespace atelier::lb
