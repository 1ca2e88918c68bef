// Files that are in the program; cmake/embed.cmake puts them there.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace atelier {

struct embedded_file {
  std::string_view name;  // "docs.html", without its folder
  std::string_view content;
};

inline std::optional<std::string_view> content_of(std::span<const embedded_file> files,
                                                  std::string_view name) {
  for (const auto& file : files)
    if (file.name == name) return file.content;
  return {};
}

}  // namespace atelier
