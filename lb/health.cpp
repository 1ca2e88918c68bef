#include "lb/health.hpp"

#include <algorithm>

namespace atelier::lb {

health::change health::turn(state to, std::string_view why) {
  const change c{state_, to, why};
  state_ = to;
  was_up_ |= to == state::up;
  good_ = bad_ = failures_ = errors_ = 0;
  return c;
}

std::optional<health::change> health::probed(bool good, time at) {
  good_ = good ? good_ + 1 : 0;
  bad_ = good ? 0 : bad_ + 1;
  switch (state_) {
    case state::unknown:
      return good ? turn(state::up, "first good probe") : turn(state::down, "first probe failed");
    case state::up:
      if (bad_ >= rules_->fall) return turn(state::down, "probes failed in a row");
      if (times_aside_ > 0 && at - aside_until_ >= rules_->aside_max) times_aside_ = 0;
      return std::nullopt;
    case state::down:
      if (good && !was_up_) return turn(state::up, "first good probe");
      if (good_ >= rules_->rise) return turn(state::up, "probes succeeded in a row");
      return std::nullopt;
    case state::aside:
      if (bad_ >= rules_->fall) return turn(state::down, "probes failed in a row");
      if (good_ >= rules_->rise && at >= aside_until_)
        return turn(state::up, "time aside is over and probes succeeded");
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<health::change> health::failed(time at, bool is_last) {
  if (!usable() || ++failures_ < rules_->failures_max || is_last) return std::nullopt;
  return put_aside("requests failed in a row", at);
}

std::optional<health::change> health::failed_by_answer(time at, bool is_last) {
  if (!usable() || rules_->errors_max == 0 || ++errors_ < rules_->errors_max || is_last) return std::nullopt;
  return put_aside("answers were errors in a row", at);
}

health::change health::put_aside(std::string_view why, time at) {
  const auto doubled = rules_->aside * (std::int64_t{1} << std::min(times_aside_, 20U));
  aside_until_ = at + std::min<std::chrono::milliseconds>(doubled, rules_->aside_max);
  ++times_aside_;
  return turn(state::aside, why);
}

std::string_view to_string(health::state s) {
  switch (s) {
    case health::state::unknown:
      return "unknown";
    case health::state::up:
      return "up";
    case health::state::down:
      return "down";
    case health::state::aside:
      break;
  }
  return "aside";
}

}  // namespace atelier::lb
