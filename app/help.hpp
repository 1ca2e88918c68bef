// What --help prints.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace atelier::app {

/// CLI11's layout, with each option described by its facts (option_list.hpp).
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace atelier::app
