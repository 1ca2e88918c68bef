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

// Where the columns of a set stand under these names; nothing if one that is required is not there.
std::optional<layout> layout_as(const set_shape& shape, const std::vector<std::string>& names) {
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
  for (std::size_t c = 0; c < shape.columns.size(); ++c)
    if (!there[c] && (shape.columns[c].required || shape.kind == set_kind::characteristics))
      return std::nullopt;
  return found;
}

}  // namespace

std::optional<layout> match_header(const std::vector<std::string>& names, std::optional<set_kind> by_name) {
  std::optional<layout> best;
  for (const auto& shape : all_sets()) {
    auto found = layout_as(shape, names);
    if (!found) continue;
    const auto strangers = found->unknown.size();
    const auto known = std::count_if(found->column_of.begin(), found->column_of.end(),
                                     [](std::size_t column) { return column != layout::ignored; });
    // Tables of other things have a name and a product too.
    if (static_cast<std::size_t>(known) <= strangers && by_name != shape.kind) continue;
    if (!best || strangers < best->unknown.size()) best = std::move(found);
  }
  return best;
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
