#include "bench/load/checks.hpp"

#include <algorithm>

namespace atelier::bench {
namespace {

std::string_view type_name(simdjson::dom::element e) {
  using simdjson::dom::element_type;
  switch (e.type()) {
    case element_type::ARRAY:
      return "array";
    case element_type::OBJECT:
      return "object";
    case element_type::STRING:
      return "string";
    case element_type::BOOL:
      return "boolean";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "number";
  }
}

// The bodies of 1 and 1.0 differ; that is what a person who wrote 1 means.
bool same(simdjson::dom::element a, simdjson::dom::element b) {
  return simdjson::minify(a) == simdjson::minify(b);
}

// "${id}" is expected of a number too: how a drawn id is written is the server's to say.
bool is_number_in_text(simdjson::dom::element found, simdjson::dom::element wanted) {
  std::string_view text;
  return type_name(found) == "number" && wanted.get(text) == simdjson::SUCCESS &&
         text == simdjson::minify(found);
}

}  // namespace

std::vector<int> expectation_numbers(const expectation& e) {
  std::vector<int> all;
  for (const auto& m : e.members) {
    for (const auto& piece : m.value.pieces) {
      if (piece.hole >= 0 && std::find(all.begin(), all.end(), piece.hole) == all.end())
        all.push_back(piece.hole);
    }
  }
  return all;
}

fault checker::look_at(const answer_reader& answer, const expectation& e, std::span<const int> names,
                       const remembered_numbers& numbers, bool look_inside) {
  const int status = answer.status();
  const bool good = e.statuses.empty()
                        ? status >= 200 && status < 400
                        : std::find(e.statuses.begin(), e.statuses.end(), status) != e.statuses.end();
  if (!good) {
    detail_ = fmt::format("status {}", status);
    return fault::status;
  }
  for (const auto& h : e.headers) {
    bool is_there = false;
    const auto value = field_of(answer.head(), h.name, is_there);
    if (is_there && (h.value.empty() || value == h.value)) continue;
    detail_ = fmt::format("{}: {}", h.name, is_there ? value : "missing");
    return fault::header;
  }
  if (!look_inside || e.members.empty()) return fault::none;
  if (document_.parse(answer.body()).get(root_) != simdjson::SUCCESS) {
    detail_ = "no JSON";
    return fault::body;
  }
  for (const auto& m : e.members) {
    if (!member_fits(m, names, numbers)) return fault::body;
  }
  return fault::none;
}

bool checker::member_fits(const expectation::member& m, std::span<const int> names,
                          const remembered_numbers& numbers) {
  simdjson::dom::element found;
  const bool is_there =
      m.pointer.empty() ? (found = root_, true) : root_.at_pointer(m.pointer).get(found) == simdjson::SUCCESS;
  if (!is_there) {
    detail_ = m.pointer + " is missing";
    return false;
  }
  if (!m.type.empty()) {
    detail_ = fmt::format("{} is {}, not {}", m.pointer, type_name(found), m.type);
    return type_name(found) == m.type;
  }
  text_.clear();
  for (const auto& piece : m.value.pieces) {
    text_ += piece.text;
    const auto name = std::find(names.begin(), names.end(), piece.hole);
    if (piece.hole >= 0 && name != names.end())
      text_ += std::to_string(numbers[static_cast<std::size_t>(name - names.begin())]);
  }
  simdjson::dom::element wanted;
  if (wanted_.parse(text_).get(wanted) != simdjson::SUCCESS) return false;
  detail_ =
      fmt::format("{} is {}, not {}", m.pointer, std::string(simdjson::minify(found)).substr(0, 80), text_);
  return same(found, wanted) || (!m.value.is_fixed() && is_number_in_text(found, wanted));
}

}  // namespace atelier::bench
