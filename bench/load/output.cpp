#include "bench/load/output.hpp"

#include <fstream>

namespace atelier::bench {
namespace {

failure unwritable(const std::string& name) {
  return fail("'{}' cannot be written; make room, or name another file", name);
}

}  // namespace

result<> write_output(const std::string& name, std::string_view content) {
  if (name == "-") {
    fmt::print("{}\n", content);
    return {};
  }
  std::ofstream file(name, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return unwritable(name);
  return {};
}

result<> check_writable(const std::string& name) {
  if (name.empty() || name == "-") return {};
  if (!std::ofstream(name, std::ios::binary | std::ios::app)) return unwritable(name);
  return {};
}

}  // namespace atelier::bench
