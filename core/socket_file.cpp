#include "core/socket_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace atelier {

socket_file::socket_file(std::string path) : path_(std::move(path)) {
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return;
  device_ = now.st_dev;
  number_ = now.st_ino;
}

void socket_file::remove() const {
  const socket_file now(path_);
  if (number_ != 0 && now.device_ == device_ && now.number_ == number_) unlink(path_.c_str());
}

}  // namespace atelier
