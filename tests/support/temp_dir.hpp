// A folder that is gone after the test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace atelier::test {

/// A new folder with a short path below /tmp, readable by everybody (PostgreSQL may run as another user);
/// removed by the destructor.
class temp_dir {
 public:
  temp_dir();
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes a file below the folder, with the folders on its way. Returns its path.
  std::filesystem::path write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

/// The whole file; throws if it cannot be read.
std::string read_file(const std::filesystem::path& file);

}  // namespace atelier::test
