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
  for (const auto column : layout_.column_of) {
    if (column == layout::ignored) {
      expected_.push_back({0, expectation::nothing, {}});
      continue;
    }
    present |= 1U << column;
    const auto& about = shape_->columns[column];
    auto what = expectation::number;
    if (about.type == column_type::boolean) what = expectation::truth;
    if (about.type == column_type::text)
      what = !about.required &&
                     std::find(may_be_null.begin(), may_be_null.end(), about.name) != may_be_null.end()
                 ? expectation::text_or_null
                 : expectation::text;
    expected_.push_back({static_cast<std::uint8_t>(column), what, range_of(about.type)});
  }
  // Without one of its columns every row of the file is repaired, or rejected.
  if (present + 1 != 1U << shape_->columns.size()) expected_.clear();
}

// Fills `out` if nothing in the row asks for a repair, a reject or a second look. If something does, nothing
// is decided: clean() begins anew. Both ways must agree; the tests compare them. What is asked of a field is
// noted and looked at once, at the end: nearly always all is well, and to find that out without a branch for
// each question is what makes this way quick.
bool row_cleaner::take_as_published(const record& r, row& out) {
  if (r.fields.size() != expected_.size() || r.fault != record_fault::none || r.has_stray_quote) return false;
  scratch_.clear();
  bool doubt = false;
  const field* f = r.fields.data();
  for (const auto& wanted : std::span<const expectation>(expected_)) {
    const auto bytes = r.bytes(*f);
    const bool is_bare = f->how == quoting::bare;
    doubt |= f->padded;
    auto& v = out.values[wanted.column];
    v.none = false;
    switch (wanted.what) {
      case expectation::number:
        v.number = plain_number_padded(bytes);
        doubt |= !is_bare | !wanted.range.contains(v.number);
        break;
      case expectation::truth: {
        const bool is_true = is_word_padded(bytes, "true");
        v.number = is_true;
        doubt |= !is_bare | !(is_true | is_word_padded(bytes, "false"));
        break;
      }
      case expectation::text_or_null:
        if (is_bare && is_word_padded(bytes, "null")) {
          v.text = {};
          v.none = true;
          break;
        }
        [[fallthrough]];
      case expectation::text:
        v.text = is_bare || f->how == quoting::quoted ? bytes : decode(bytes, dialect_, f->how, scratch_);
        doubt |= v.text.size() <= null_bytes_max && is_null_word(v.text);
        doubt |= is_bare && v.text.starts_with('\'');
        break;
      case expectation::nothing:
        doubt |= is_bare && bytes.starts_with('\'');
        break;
    }
    ++f;
  }
  return !doubt;
}

}  // namespace atelier::etl
