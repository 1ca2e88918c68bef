// Manual pages in man(7).
#pragma once

#include "app/option_list.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace atelier::app {

/// What no option says, written by hand in man(7): text before the first .SH belongs to the DESCRIPTION, the
/// rest to the section that its .SH names.
using prose = std::vector<std::pair<std::string, std::string>>;
prose read_prose(std::string_view text);

/// The page of the program (a command without a path) or of a role: what its options say, and each section's
/// `common` and `own` prose behind it. `date` is written as it is. Sections that nobody fills are left out.
std::string man_page(const command_facts& program, const command_facts& of, const prose& common,
                     const prose& own, std::string_view date);

}  // namespace atelier::app
