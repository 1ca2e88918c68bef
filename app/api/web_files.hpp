// The contract as OpenAPI, and the page that shows it: the files of web/, embedded when the program is built.
#pragma once

#include "app/api/routes.hpp"
#include "core/embedded.hpp"
#include "core/http/message.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace atelier::api {

/// What is in web/, and of Swagger UI what the page needs; "NAME.gz" is NAME compressed.
std::span<const embedded_file> web_files();

/// The answer to GET /openapi.json, /docs or /docs/{file}; nothing where there is no such file. Compressed
/// for those who take it so, which the fields of the request say.
std::optional<http::response> web_answer(route where, std::string_view file, const http::field_list& fields);

}  // namespace atelier::api
