#pragma once

namespace atelier {

__extension__ typedef __int128 int128;  // of g++ and clang: products of two 64-bit numbers, exact

}  // namespace atelier
