// What CLI11 complains of, in a sentence that says what to do.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace atelier::app {

/// `program`: what was parsed when it was thrown.
std::string complaint_of(const CLI::ParseError& error, const CLI::App& program);

}  // namespace atelier::app
