// Log lines: stderr, one line an event, a sentence and then key=value pairs. No secrets, no e-mail addresses,
// no bodies.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace atelier::log {

enum class level { debug, info, warning, error };

/// Names the speaker (the role) for every later line and sets the quietest level that is still written.
void open(std::string_view role, level quietest = level::info);

void write(level l, std::string_view line);

template <class... A>
void debug(fmt::format_string<A...> text, A&&... arguments) {
  write(level::debug, fmt::format(text, std::forward<A>(arguments)...));
}
template <class... A>
void info(fmt::format_string<A...> text, A&&... arguments) {
  write(level::info, fmt::format(text, std::forward<A>(arguments)...));
}
template <class... A>
void warning(fmt::format_string<A...> text, A&&... arguments) {
  write(level::warning, fmt::format(text, std::forward<A>(arguments)...));
}
template <class... A>
void error(fmt::format_string<A...> text, A&&... arguments) {
  write(level::error, fmt::format(text, std::forward<A>(arguments)...));
}

}  // namespace atelier::log
