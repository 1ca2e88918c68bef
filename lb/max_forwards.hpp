// How many more proxies an OPTIONS or TRACE may pass (RFC 9110 section 7.6.2). Of other methods the field
// says nothing.
#pragma once

#include "core/http/head.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

namespace atelier::lb {

/// Nothing where there is no bound, or none that can be read.
inline std::optional<std::uint64_t> max_forwards(const http::request_head& head) {
  if (head.verb != http::method::options && head.verb_text != "TRACE") return std::nullopt;
  const auto said = head.fields.find("max-forwards");
  if (!said) return std::nullopt;
  std::uint64_t left = 0;
  const auto* const end = said->data() + said->size();
  const auto [stopped, error] = std::from_chars(said->data(), end, left);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return left;
}

}  // namespace atelier::lb
