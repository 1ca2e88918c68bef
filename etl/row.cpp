#include "etl/row.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace atelier::etl {
namespace {

constexpr number_range any_number{std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max()};

bool is_clean_text(std::string_view bytes) {
  return std::memchr(bytes.data(), '\0', bytes.size()) == nullptr &&
         simdjson::validate_utf8(bytes.data(), bytes.size());
}

bool is_empty(std::string_view bytes) { return without_blanks(bytes).empty(); }

// Text without quotes that reads as another type: in a row with missing columns a sign that values have
// moved.
bool reads_as_another_type(std::string_view text) {
  const auto word = without_blanks(text);
  return bool(clean_number(word, any_number)) || word == "true" || word == "false";
}

bool all_texts_in_apostrophes(const record& r, const layout& where, const set_shape& shape) {
  bool any = false;
  for (std::size_t i = 0; i < std::min(r.fields.size(), where.column_of.size()); ++i) {
    const auto column = where.column_of[i];
    const auto& f = r.fields[i];
    if (column == layout::ignored || shape.columns[column].type != column_type::text) continue;
    const auto text = r.bytes(f);
    if (says_none(text, f.how != quoting::bare)) continue;
    if (text.size() < 2 || text.front() != '\'' || text.back() != '\'') return false;
    any = true;
  }
  return any;
}

}  // namespace

row_cleaner::row_cleaner(layout where, std::int64_t now_ms, dialect written)
    : layout_(std::move(where)),
      shape_(&shape_of(layout_.set)),
      now_ms_(now_ms),
      dialect_(std::move(written)) {
  expect_published();
}

// What a number of a column may be; of a date, in milliseconds.
number_range row_cleaner::range_of(std::size_t column) const {
  switch (shape_->columns[column].type) {
    case column_type::id:
      // Past every row's own id, the first column, its sequence is to stand.
      return {1, column == 0 ? any_number.high - 1 : any_number.high};
    case column_type::rating:
      return {1, 5};
    case column_type::count:
      return {0, std::numeric_limits<std::int32_t>::max()};
    case column_type::date:
      return {first_date_ms, now_ms_ + day_ms};
    case column_type::boolean:
    case column_type::text:
      break;
  }
  return {};
}

void row_cleaner::set_default(std::size_t column, row& out) const {
  auto& v = out.values[column];
  v = {};
  // A summary may be empty; a response, an e-mail address or a characteristic's name is there or is not.
  v.none = shape_->columns[column].type == column_type::text && shape_->columns[column].name != "summary";
}

bool row_cleaner::clean_field(const record& r, const field& f, std::size_t column, bool strict, row& out,
                              rejection& why) {
  const auto& about = shape_->columns[column];
  const auto bytes = r.bytes(f);
  auto& v = out.values[column];
  const bool in_quotes = f.how != quoting::bare;
  if (f.padded) out.repairs |= bit(repair::blanks_outside);
  const auto refuse = [&](reject reason) {
    if (reason == reject::missing_value && !about.required && !strict) {
      set_default(column, out);
      out.repairs |= bit(repair::default_value);
      return true;
    }
    why = {reason, about.name, bytes};
    return false;
  };
  switch (about.type) {
    case column_type::id:
    case column_type::rating:
    case column_type::count: {
      const auto number = clean_number(bytes, range_of(column));
      if (!number) return refuse(number.why());
      v = {number->value, {}, false};
      out.repairs |= number->repairs | (in_quotes ? bit(repair::number_trimmed) : 0);
      return true;
    }
    case column_type::boolean: {
      const auto truth = clean_boolean(bytes);
      if (!truth) return refuse(truth.why());
      const auto word = without_blanks(bytes);
      if (strict && (word == "0" || word == "1")) return refuse(reject::bad_boolean);
      v = {truth->value, {}, false};
      out.repairs |= truth->repairs | (in_quotes ? bit(repair::boolean_form) : 0);
      return true;
    }
    case column_type::date: {
      const auto date = clean_date(bytes, now_ms_);
      if (!date) return refuse(date.why());
      v = {date->value, {}, false};
      out.repairs |= date->repairs | (in_quotes && date->repairs == 0 ? bit(repair::number_trimmed) : 0);
      return true;
    }
    case column_type::text:
      break;
  }
  const auto text = decode(bytes, dialect_, f.how, scratch_);
  if (!says_none(text, in_quotes)) {
    if (strict && !in_quotes && reads_as_another_type(text)) return refuse(reject::bad_quoting);
    v = {0, text, false};
    return true;
  }
  if (about.required) return refuse(reject::missing_value);
  set_default(column, out);
  if (about.name == "summary") {
    if (!in_quotes || !text.empty()) out.repairs |= bit(repair::default_value);
  } else if (about.name == "reviewer_email" || about.name == "asker_email" ||
             about.name == "answerer_email") {
    out.repairs |= bit(repair::default_value);
  } else if (in_quotes || text != "null") {
    out.repairs |= bit(repair::null_word);
  }
  return true;
}

bool row_cleaner::clean_fields(const record& r, std::span<const field> fields, bool strict, row& out,
                               rejection& why) {
  scratch_.clear();  // what an attempt before this one has decoded; a text must not move while it is used
  std::uint32_t seen = 0;
  const auto present = std::min(fields.size(), layout_.column_of.size());
  for (std::size_t i = 0; i < present; ++i) {
    const auto column = layout_.column_of[i];
    if (column == layout::ignored) continue;
    if (!clean_field(r, fields[i], column, strict, out, why)) return false;
    seen |= 1U << column;
  }
  for (std::size_t c = 0; c < shape_->columns.size(); ++c) {
    if (seen >> c & 1U) continue;
    if (shape_->columns[c].required) {
      why = {reject::missing_value, shape_->columns[c].name, {}};
      return false;
    }
    set_default(c, out);
    out.repairs |= bit(repair::default_value);
  }
  return true;
}

// With quotes read in another way the record must be as if it had always been right: every column there,
// every value of its type.
bool row_cleaner::clean_again(const record& r, quoting how, repair kind, row& out) {
  rejection ignored;
  out.repairs = bit(kind);
  return split_again(r.raw, dialect_, how, again_) && again_.size() == layout_.column_of.size() &&
         clean_fields(r, again_, false, out, ignored);
}

// Some field begins with an apostrophe, and none is quoted otherwise.
bool row_cleaner::may_have_apostrophes(const record& r) const {
  if (dialect_.quote == '\'') return false;
  bool any = false;
  for (const auto& f : r.fields) {
    if (f.how != quoting::bare) return false;
    any |= f.end > f.begin && r.raw[f.begin] == '\'';
  }
  return any;
}

// Columns at the end are missing. Only if all that are there are surely what they should be.
bool row_cleaner::clean_short(const record& r, std::span<const field> fields, row& out) {
  if (layout_.set == set_kind::characteristics) return false;  // its name may be null, but has no default
  for (std::size_t i = fields.size(); i < layout_.column_of.size(); ++i) {
    const auto column = layout_.column_of[i];
    if (column != layout::ignored && shape_->columns[column].required) return false;
  }
  rejection ignored;
  out.repairs = bit(repair::missing_columns);
  if (!clean_fields(r, fields, true, out, ignored)) return false;
  out.repairs &= ~bit(repair::default_value);
  return true;
}

bool row_cleaner::clean(const record& r, row& out, rejection& why) {
  out.repairs = 0;
  if (scratch_.capacity() < r.raw.size()) scratch_.reserve(2 * r.raw.size());
  const bool is_text = r.is_text || is_clean_text(r.raw);
  if (is_text && take_as_published(r, out)) return true;
  if (r.fault == record_fault::too_long) {
    why = {reject::record_too_long, {}, {}};
    return false;
  }
  if (!is_text) {
    why = {reject::bad_encoding, {}, r.raw};
    for (std::size_t i = 0; i < r.fields.size() && i < layout_.column_of.size(); ++i)
      if (layout_.column_of[i] != layout::ignored && !is_clean_text(r.bytes(r.fields[i]))) {
        why = {reject::bad_encoding, shape_->columns[layout_.column_of[i]].name, r.bytes(r.fields[i])};
        break;
      }
    return false;
  }
  if (r.fault == record_fault::bad_quoting) {
    if (r.raw.find("\\\"") != std::string_view::npos &&
        clean_again(r, quoting::backslash, repair::quotes_backslash, out))
      return true;
    if (clean_again(r, quoting::loose, repair::quotes_unescaped, out)) return true;
    why = {reject::bad_quoting, {}, {}};
    return false;
  }
  const auto wanted = layout_.column_of.size();
  const bool apostrophes = may_have_apostrophes(r);
  auto fields = r.fields;
  repair_set repairs = r.has_stray_quote ? bit(repair::quotes_unescaped) : 0;
  if (apostrophes && all_texts_in_apostrophes(r, layout_, *shape_) &&
      split_again(r.raw, dialect_, quoting::apostrophe, again_) && again_.size() == fields.size()) {
    fields = again_;
    repairs |= bit(repair::quotes_apostrophe);
  }
  if (fields.size() > wanted) {
    const auto surplus = fields.subspan(wanted);
    if (!std::all_of(surplus.begin(), surplus.end(), [&](const field& f) { return is_empty(r.bytes(f)); })) {
      if (apostrophes && clean_again(r, quoting::apostrophe, repair::quotes_apostrophe, out)) return true;
      why = {reject::too_many_columns, {}, {}};
      return false;
    }
    repairs |= bit(repair::surplus_columns);
  } else if (fields.size() < wanted) {
    if (!clean_short(r, fields, out)) {
      why = {reject::too_few_columns, {}, {}};
      return false;
    }
    out.repairs |= repairs;
    return true;
  }
  out.repairs = repairs;
  return clean_fields(r, fields, false, out, why);
}

std::optional<set_kind> set_of_shape(const record& first, const dialect& written,
                                     std::optional<set_kind> by_name, std::int64_t now_ms) {
  std::vector<set_kind> possible;
  for (const auto& shape : all_sets()) {
    if (first.fields.size() != shape.columns.size()) continue;
    row out;
    rejection why;
    row_cleaner cleaner(published_layout(shape.kind), now_ms, written);
    if (cleaner.clean(first, out, why)) possible.push_back(shape.kind);
  }
  if (by_name && std::find(possible.begin(), possible.end(), *by_name) != possible.end()) return by_name;
  if (possible.size() == 1) return possible.front();
  return std::nullopt;
}

}  // namespace atelier::etl
