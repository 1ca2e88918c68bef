#pragma once

#include "app/option_list.hpp"

#include <string>

namespace atelier::app {

/// A script for bash that completes commands, options, their values where these are few, and files.
std::string bash_completion(const command_facts& program);

}  // namespace atelier::app
