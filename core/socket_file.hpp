// The file of a UNIX socket, known by more than its name: another process may put its own in that place.
#pragma once

#include <cstdint>
#include <string>

namespace atelier {

class socket_file {
 public:
  /// The one that stands there now.
  explicit socket_file(std::string path);

  /// Nothing where another one, or none, stands there by now. To be called while its socket is open:
  /// afterwards the file system may give its number to another file.
  void remove() const;

 private:
  std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t number_ = 0;  // 0: there was none
};

}  // namespace atelier
