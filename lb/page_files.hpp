// The page for operators: the files of web/ and the charts, embedded when the program is built.
#pragma once

#include "core/embedded.hpp"
#include "core/http/message.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace atelier::lb {

/// What is in web/, and uPlot.
std::span<const embedded_file> web_files();

/// What stands at / or /page/{file}: nothing where there is no such file.
std::optional<std::string_view> page_at(std::string_view path);

/// The answer to a GET of it.
http::response page_answer(std::string_view path, std::string_view content);

}  // namespace atelier::lb
