#include "lb/carry_over.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atelier::lb {
namespace {

constexpr std::string_view configured_word = "configured ";
constexpr std::string_view running_word = "running ";
constexpr std::string_view drained_word = "drained ";

void add_line(std::string& text, std::string_view word, const worker_settings& one) {
  text += fmt::format("{}{},weight={}", word, to_string(one.where), one.weight);
  if (one.in_flight_max > 0) text += fmt::format(",max={}", one.in_flight_max);
  text += '\n';
}

const worker_settings* find(const std::vector<worker_settings>& among, const address& where) {
  const auto found =
      std::find_if(among.begin(), among.end(), [&](const auto& s) { return s.where == where; });
  return found == among.end() ? nullptr : &*found;
}

const kept_worker* find(const std::vector<kept_worker>& among, const address& where) {
  const auto found =
      std::find_if(among.begin(), among.end(), [&](const auto& w) { return w.settings.where == where; });
  return found == among.end() ? nullptr : &*found;
}

bool says_the_same(const worker_settings* before, const worker_settings& now) {
  return before && before->weight == now.weight && before->in_flight_max == now.in_flight_max;
}

}  // namespace

std::string to_text(const worker_record& record) {
  std::string text;
  for (const auto& one : record.configured) add_line(text, configured_word, one);
  for (const auto& one : record.running)
    add_line(text, one.drained ? drained_word : running_word, one.settings);
  return text;
}

worker_record read_record(std::string_view text) {
  worker_record record;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    for (const auto word : {configured_word, running_word, drained_word}) {
      if (!line.starts_with(word)) continue;
      auto one = parse_worker(line.substr(word.size()));
      if (!one) break;
      if (word == configured_word)
        record.configured.push_back(std::move(*one));
      else
        record.running.push_back({std::move(*one), word == drained_word});
    }
  }
  return record;
}

std::vector<kept_worker> carry_over(const std::vector<worker_settings>& wanted, const worker_record& former) {
  std::vector<kept_worker> all;
  for (const auto& one : wanted) {
    const auto* const was = find(former.running, one.where);
    if (!says_the_same(find(former.configured, one.where), one))
      all.push_back({one, was && was->drained});
    else if (was)
      all.push_back(*was);
  }
  for (const auto& one : former.running)
    if (!find(wanted, one.settings.where) && !find(former.configured, one.settings.where)) all.push_back(one);
  return all;
}

}  // namespace atelier::lb
