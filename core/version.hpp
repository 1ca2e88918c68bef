#pragma once

namespace atelier {

inline constexpr auto version = "0.1.0";

}  // namespace atelier
