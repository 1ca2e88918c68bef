#include "lb/pick.hpp"

namespace atelier::lb {
namespace {

// a / weight of a < b / weight of b, without dividing.
bool less_busy(const load& a, const load& b) {
  return std::uint64_t{a.in_flight} * b.weight < std::uint64_t{b.in_flight} * a.weight;
}

const load* least_busy(std::span<const load> workers, std::optional<std::size_t> avoid) {
  const load* least = nullptr;
  for (std::size_t i = 0; i < workers.size(); ++i)
    if (workers[i].has_room() && i != avoid && (!least || less_busy(workers[i], *least))) least = &workers[i];
  return least;
}

// MurmurHash3's finalizer (Appleby): every bit of the input changes half of the output's.
std::uint64_t mixed(std::uint64_t h) {
  h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

}  // namespace

std::optional<std::size_t> pick(std::span<load> workers, std::optional<std::size_t> avoid) noexcept {
  const load* found = least_busy(workers, avoid);
  if (!found) return avoid && *avoid < workers.size() && workers[*avoid].has_room() ? avoid : std::nullopt;

  // Every equal earns its weight, the richest is taken and pays what all earned.
  const load least = *found;
  std::int32_t earned = 0;
  std::size_t richest = workers.size();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    load& w = workers[i];
    if (!w.has_room() || i == avoid || less_busy(least, w)) continue;
    const auto weight = static_cast<std::int32_t>(w.weight);
    w.turn += weight;
    earned += weight;
    if (richest == workers.size() || w.turn > workers[richest].turn) richest = i;
  }
  workers[richest].turn -= earned;
  return richest;
}

std::optional<std::size_t> pick_for(std::uint64_t key, std::span<const load> workers, unsigned bound_percent,
                                    std::optional<std::size_t> avoid) noexcept {
  std::uint64_t in_flight = 1;  // and this request
  std::uint64_t weights = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (!workers[i].has_room() || i == avoid) continue;
    in_flight += workers[i].in_flight;
    weights += workers[i].weight;
  }
  std::optional<std::size_t> chosen;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const load& w = workers[i];
    if (!w.has_room() || i == avoid) continue;
    // in_flight + 1 <= ceil(bound * fair share), without dividing.
    if (std::uint64_t{w.in_flight} * weights * 100 >= in_flight * w.weight * bound_percent) continue;
    const auto score = mixed(key ^ w.identity);
    if (chosen && score <= highest) continue;
    chosen = i;
    highest = score;
  }
  return chosen;
}

bool any_usable(std::span<const load> workers) noexcept {
  for (const load& w : workers)
    if (w.usable) return true;
  return false;
}

}  // namespace atelier::lb
