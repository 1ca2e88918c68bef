// Problem details (RFC 9457): who wants them, and how they are marked.
#pragma once

#include "core/http/head.hpp"

namespace atelier::http {

inline constexpr std::string_view problem_type =
    "application/problem+json";  // which has no charset (RFC 9457)

/// True if any Accept field names it.
bool accepts_problem(const field_list& fields);

/// The same for a head that could not be read to its end: as far as it looks like lines with fields.
bool accepts_problem(std::string_view bytes);

}  // namespace atelier::http
