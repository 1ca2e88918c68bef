// Where reports go.
#pragma once

#include "core/result.hpp"

#include <string>
#include <string_view>

namespace atelier::bench {

/// Replaces the file; "-" is standard output. Errors: it cannot be written.
result<> write_output(const std::string& name, std::string_view content);

/// Known before the load, not after an hour of it. Leaves what is in the file.
result<> check_writable(const std::string& name);

}  // namespace atelier::bench
