// Random numbers that are the same on every machine: the standard library's distributions are not.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace atelier::etl {

/// splitmix64 (Vigna, public domain): one step; spreads a seed over 64 bits.
constexpr std::uint64_t splitmix64(std::uint64_t& state) noexcept {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/// xoshiro256** (Blackman and Vigna, public domain), seeded from a seed and a stream's number.
class random_stream {
 public:
  constexpr random_stream(std::uint64_t seed, std::uint64_t stream) noexcept {
    std::uint64_t mixed = seed;
    mixed = splitmix64(mixed) ^ (stream * 0xd1342543de82ef95U);
    for (auto& word : state_) word = splitmix64(mixed);
  }

  constexpr std::uint64_t next() noexcept {
    const std::uint64_t value = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return value;
  }

  /// 0 … n−1, by multiplication: the bias is below n / 2^32.
  constexpr std::uint32_t below(std::uint32_t n) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
  }
  constexpr std::uint32_t between(std::uint32_t low, std::uint32_t high) noexcept {
    return low + below(high - low + 1);
  }

  /// True in `share` of a thousand times.
  constexpr bool in_thousand(std::uint32_t share) noexcept { return below(1000) < share; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace atelier::etl
