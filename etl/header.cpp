#include "etl/header.hpp"

#include <algorithm>

namespace atelier::etl {
namespace {

// product_id, " productId " and "PRODUCT ID" are all productid.
std::string meaning_of(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z')
      letters += static_cast<char>(c + 32);
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      letters += c;
    else if (c != ' ' && c != '\t' && c != '_' && c != '-' && c != '"' && c != '\'')
      return {};
  }
  return letters;
}

bool same_meaning(std::string_view meaning, std::string_view column) {
  if (meaning == meaning_of(column)) return true;
  const auto either = [&](std::string_view one, std::string_view other) {
    return (meaning == one && column == other) || (meaning == other && column == one);
  };
  return either("helpful", "helpfulness") || either("date", "date_written") ||
         (meaning == "datewritten" && column == "date");
}

}  // namespace

std::optional<layout> match_header(const std::vector<std::string>& names) {
  for (const auto& shape : all_sets()) {
    layout found{shape.kind, {}, {}};
    std::vector<bool> there(shape.columns.size());
    for (const auto& name : names) {
      const auto meaning = meaning_of(name);
      std::size_t c = 0;
      while (c < shape.columns.size() && (there[c] || !same_meaning(meaning, shape.columns[c].name))) ++c;
      if (c < shape.columns.size()) {
        there[c] = true;
        found.column_of.push_back(c);
      } else {
        found.column_of.push_back(layout::ignored);
        if (!meaning.empty() || !name.empty()) found.unknown.push_back(name);
      }
    }
    bool complete = true;
    for (std::size_t c = 0; c < shape.columns.size(); ++c)
      complete &= there[c] || !(shape.columns[c].required || shape.kind == set_kind::characteristics);
    if (complete) return found;
  }
  return std::nullopt;
}

layout published_layout(set_kind set) {
  layout all{set, {}, {}};
  for (std::size_t c = 0; c < shape_of(set).columns.size(); ++c) all.column_of.push_back(c);
  return all;
}

std::optional<set_kind> set_of_name(std::string_view path) {
  auto name = path.substr(path.find_last_of('/') + 1);
  name = name.substr(0, name.find('.'));
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::optional<set_kind> found;
  std::size_t longest = 0;
  for (const auto& shape : all_sets()) {
    if (!lower.starts_with(shape.name) || shape.name.size() <= longest) continue;
    const auto rest = lower.substr(shape.name.size());
    if (!rest.empty() && rest.front() != '_' && rest.front() != '-' && rest.front() != ' ' &&
        !(rest.front() >= '0' && rest.front() <= '9'))
      continue;
    longest = shape.name.size();
    found = shape.kind;
  }
  return found;
}

}  // namespace atelier::etl
