// The contract as OpenAPI, and the page that shows it: the files of web/, embedded when the program is built.
#pragma once

#include "app/api/routes.hpp"
#include "core/embedded.hpp"
#include "core/http/message.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace atelier::api {

/// What is in web/.
std::span<const embedded_file> web_files();

/// The answer to GET /openapi.json, /docs or /docs/{file}; nothing where there is no such file.
std::optional<http::response> web_answer(route where, std::string_view file);

}  // namespace atelier::api
