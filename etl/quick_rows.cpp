// The quick way of the row cleaner: a row whose fields all stand as in the published files.
#include "etl/digits.hpp"
#include "etl/row.hpp"

#include <algorithm>
#include <array>

namespace atelier::etl {
namespace {

// Texts that may be the bare word null, and are none then; where others say it, that is a repair.
constexpr std::array<std::string_view, 2> may_be_null{"response", "name"};

}  // namespace

void row_cleaner::expect_published() {
  std::uint32_t present = 0;
  for (std::size_t i = 0; i < layout_.column_of.size(); ++i) {
    const auto column = layout_.column_of[i];
    if (column == layout::ignored) {
      published_.ignored.push_back(i);
      continue;
    }
    present |= 1U << column;
    const auto& about = shape_->columns[column];
    const expectation here{i, column};
    if (about.type == column_type::boolean)
      published_.truths.push_back(here);
    else if (about.type != column_type::text)
      published_.numbers.push_back({here, range_of(column)});
    else if (!about.required &&
             std::find(may_be_null.begin(), may_be_null.end(), about.name) != may_be_null.end())
      published_.texts_or_null.push_back(here);
    else
      published_.texts.push_back(here);
  }
  // Without one of its columns every row of the file is repaired, or rejected.
  if (present + 1 == 1U << shape_->columns.size()) published_.fields = layout_.column_of.size();
}

// Fills `out` if nothing in the row asks for a repair, a reject or a second look. If something does, nothing
// is decided: clean() begins anew. Both ways must agree; the tests compare them.
//
// What is alike is looked at together, and what is asked of the fields is answered once, at the end: nearly
// always all is well, and a processor foresees that if no branch depends on the column or on its value.
bool row_cleaner::take_as_published(const record& r, row& out) {
  if (r.fields.size() != published_.fields || r.fault != record_fault::none || r.has_stray_quote)
    return false;
  scratch_.clear();
  bool doubt = false;
  for (const auto& at : published_.numbers) {
    const auto& f = r.fields[at.field];
    const auto number = plain_number_padded(r.bytes(f));
    out.values[at.column].number = number;
    doubt |= (f.how != quoting::bare) | f.padded | !at.range.contains(number);
  }
  for (const auto& at : published_.truths) {
    const auto& f = r.fields[at.field];
    const bool is_true = is_word_padded(r.bytes(f), "true");
    out.values[at.column].number = is_true;
    doubt |= (f.how != quoting::bare) | f.padded | !(is_true | is_word_padded(r.bytes(f), "false"));
  }
  const auto take_text = [&](const field& f, std::size_t column) {
    const bool as_it_stands = f.how == quoting::bare || f.how == quoting::quoted;
    const auto text = as_it_stands ? r.bytes(f) : decode(r.bytes(f), dialect_, f.how, scratch_);
    out.values[column].text = text;
    out.values[column].none = false;
    doubt |= f.padded;
    doubt |= says_none(text, f.how != quoting::bare);
    doubt |= f.how == quoting::bare && text.starts_with('\'');
  };
  for (const auto& at : published_.texts) take_text(r.fields[at.field], at.column);
  for (const auto& at : published_.texts_or_null) {
    const auto& f = r.fields[at.field];
    if (f.how == quoting::bare && !f.padded && is_word_padded(r.bytes(f), "null"))
      out.values[at.column] = {0, {}, true};
    else
      take_text(f, at.column);
  }
  for (const auto i : published_.ignored) {
    const auto& f = r.fields[i];
    doubt |= f.padded || (f.how == quoting::bare && r.bytes(f).starts_with('\''));
  }
  return !doubt;
}

}  // namespace atelier::etl
