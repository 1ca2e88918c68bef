#include "etl/damage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <utility>

namespace atelier::etl {
namespace {

using fields_t = std::vector<std::string>;

std::string join(const fields_t& fields) {
  std::string line;
  for (const auto& f : fields) {
    if (&f != &fields.front()) line += ',';
    line += f;
  }
  return line;
}

bool is_quoted(const std::string& field) { return field.size() >= 2 && field.front() == '"'; }

// A random one of the columns that `wanted` says yes to.
template <class Wanted>
std::optional<std::size_t> pick_column(const set_shape& shape, const fields_t& fields, random_stream& random,
                                       Wanted wanted) {
  std::vector<std::size_t> all;
  for (std::size_t c = 0; c < fields.size() && c < shape.columns.size(); ++c)
    if (wanted(shape.columns[c], fields[c])) all.push_back(c);
  if (all.empty()) return std::nullopt;
  return all[random.below(static_cast<std::uint32_t>(all.size()))];
}

template <std::size_t N>
std::string one_of(const char* const (&list)[N], random_stream& random) {
  return list[random.below(N)];
}

// The date's other forms. `fields` hold epoch milliseconds.
std::string date_as(damage_kind kind, const std::string& digits) {
  std::int64_t ms = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  using namespace std::chrono;
  const auto moment = sys_time<milliseconds>(milliseconds(ms));
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss time(moment - day);
  const int y = static_cast<int>(date.year());
  const unsigned m = static_cast<unsigned>(date.month()), d = static_cast<unsigned>(date.day());
  switch (kind) {
    case damage_kind::date_iso:
      return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", y, m, d, time.hours().count(),
                         time.minutes().count(), time.seconds().count(), time.subseconds().count());
    case damage_kind::date_day_only:
      return fmt::format("\"{:04}-{:02}-{:02}\"", y, m, d);
    case damage_kind::date_seconds:
      return std::to_string(ms / 1000);
    default:
      break;
  }
  static constexpr const char* week[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{} {} {:02} {} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
                     week[weekday(day).c_encoding()], months[m - 1], d, y, time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

// Puts `what` behind the first word of a quoted text.
void insert_in_text(std::string& field, std::string_view what) {
  const auto blank = field.find(' ');
  field.insert(blank == std::string::npos ? 1 : blank, what);
}

void undouble(std::string& text, std::string_view with) {
  for (std::size_t at = 1; (at = text.find("\"\"", at)) != std::string::npos && at + 2 < text.size();
       at += with.size())
    text.replace(at, 2, with);
}

constexpr auto any_text = [](const column&, const std::string& f) { return is_quoted(f); };
constexpr auto spaced_text = [](const column&, const std::string& f) {
  return is_quoted(f) && f.find(' ') != std::string::npos;
};
constexpr auto any_id = [](const column& c, const std::string&) { return c.type == column_type::id; };
template <column_type T>
constexpr auto of_type = [](const column& c, const std::string&) { return c.type == T; };

std::optional<std::string> damage_field(damage_kind kind, const set_shape& shape, fields_t fields,
                                        random_stream& random) {
  const auto change = [&](auto wanted, auto how) -> std::optional<std::string> {
    const auto at = pick_column(shape, fields, random, wanted);
    if (!at) return std::nullopt;
    how(fields[*at]);
    return join(fields);
  };
  switch (kind) {
    case damage_kind::date_iso:
    case damage_kind::date_day_only:
    case damage_kind::date_javascript:
    case damage_kind::date_seconds:
      return change(of_type<column_type::date>, [&](auto& f) { f = date_as(kind, f); });
    case damage_kind::date_unreadable:
      return change(of_type<column_type::date>, [&](auto& f) {
        f = one_of({"13/02/2020", "yesterday", "2020-02-30", "1e12"}, random);
      });
    case damage_kind::null_quoted:
      return change([](const column& c, const auto& f) { return c.type == column_type::text && f == "null"; },
                    [](auto& f) { f = "\"null\""; });
    case damage_kind::null_otherwise:
      return change([](const column& c, const auto& f) { return c.type == column_type::text && f == "null"; },
                    [&](auto& f) {
                      f = one_of({"", "NULL", "\\N", "\"\""}, random);
                    });
    case damage_kind::null_required:
      return change([](const column& c, const auto&) { return c.required; },
                    [&](auto& f) {
                      f = one_of({"null", "", "NULL"}, random);
                    });
    case damage_kind::boolean_form:
      return change(of_type<column_type::boolean>, [&](auto& f) {
        f = f == "true" ? one_of({"1", "t", "\"true\"", "TRUE", "True"}, random)
                        : one_of({"0", "f", "\"false\"", "FALSE", "False"}, random);
      });
    case damage_kind::number_in_blanks:
      return change(any_id, [](auto& f) { f = " " + f + " "; });
    case damage_kind::number_in_quotes:
      return change(any_id, [](auto& f) { f = '"' + f + '"'; });
    case damage_kind::quote_unescaped:
      return change(spaced_text, [](auto& f) {
        undouble(f, "\"");
        insert_in_text(f, " \"really\"");
      });
    case damage_kind::quote_backslash:
      return change(spaced_text, [](auto& f) {
        undouble(f, "\\\"");
        insert_in_text(f, " \\\"really\\\"");
      });
    case damage_kind::newline_in_quotes:
      return change(spaced_text, [](auto& f) { insert_in_text(f, "\n"); });
    case damage_kind::quote_unterminated:
      return change(any_text, [](auto& f) { f.pop_back(); });
    case damage_kind::nul_byte:
      return change(any_text, [](auto& f) { insert_in_text(f, std::string_view("\0", 1)); });
    case damage_kind::invalid_utf8:
      return change(any_text, [](auto& f) { insert_in_text(f, "\xff\xfe"); });
    case damage_kind::latin1_text:
      return change(any_text, [](auto& f) { insert_in_text(f, " caf\xe9"); });
    case damage_kind::rating_six:
      return change(of_type<column_type::rating>, [&](auto& f) {
        f = one_of({"6", "0", "-1", "10"}, random);
      });
    case damage_kind::id_stray:
      return change(any_id, [&](auto& f) {
        f = random.below(2) ? "#" + f : f + one_of({"abc", ".0", "?"}, random);
      });
    case damage_kind::parent_unknown:
      if (shape.columns[1].name == "product_id") return std::nullopt;  // any product is as good as another
      fields[1] = std::to_string(900'000'000 + random.below(1'000'000));
      return join(fields);
    default:
      return std::nullopt;
  }
}

std::string in_apostrophes(fields_t fields) {
  for (auto& f : fields) {
    if (!is_quoted(f)) continue;
    for (std::size_t at = 1; (at = f.find('\'', at)) != std::string::npos; at += 2) f.insert(at, 1, '\'');
    undouble(f, "\"");
    f.front() = f.back() = '\'';
  }
  return join(fields);
}

std::string canonical_header(const set_shape& shape) {
  std::string line;
  for (const auto& c : shape.columns) line.append(line.empty() ? "" : ",").append(c.name);
  return line;
}

}  // namespace

std::optional<std::string> damage_row(damage_kind kind, const set_shape& shape, fields_t fields,
                                      random_stream& random) {
  switch (kind) {
    case damage_kind::surplus_empty:
      return join(fields) + (random.below(2) ? "," : ",,");
    case damage_kind::surplus_filled:
      return join(fields) + ",surplus";
    case damage_kind::column_missing: {
      const auto required =
          pick_column(shape, fields, random, [](const column& c, const auto&) { return c.required; });
      fields.erase(fields.begin() + static_cast<long>(*required));
      return join(fields);
    }
    case damage_kind::quote_apostrophe:
      if (std::none_of(fields.begin(), fields.end(), is_quoted)) return std::nullopt;
      return in_apostrophes(std::move(fields));
    case damage_kind::line_end_crlf:
      return join(fields) + '\r';
    case damage_kind::line_end_cr:
      return join(fields) + "\r\r";  // a CR ends it, another is a blank line
    case damage_kind::blank_line:
      return join(fields) + (random.below(2) ? "\n" : "\n\r\n");
    case damage_kind::id_gap:
      return "";
    case damage_kind::id_out_of_order:
      return join(fields);
    case damage_kind::id_duplicate: {
      const auto row = join(fields);
      return row + '\n' + row;
    }
    case damage_kind::header_again:
      return canonical_header(shape) + '\n' + join(fields);
    case damage_kind::comment_line:
      return "# exported by hand\n" + join(fields);
    case damage_kind::commas_alone:
      return std::string(shape.columns.size() - 1, ',') + '\n' + join(fields);
    default:
      return damage_field(kind, shape, std::move(fields), random);
  }
}

damage::damage(const set_shape& shape, double share, std::uint64_t seed)
    : shape_(&shape),
      threshold_(static_cast<std::uint64_t>(std::clamp(share, 0.0, 1.0) * 4294967296.0)),
      random_(seed ^ 0x64616d616765U, 1 + static_cast<std::uint64_t>(shape.kind)),
      next_kind_(random_.below(damage_kinds)) {}

std::string damage::header() const {
  const auto form = static_cast<std::size_t>(shape_->kind) % 5;
  std::string line = form == 0 ? "\xef\xbb\xbf" : "";
  for (std::size_t c = 0; c < shape_->columns.size(); ++c) {
    if (c > 0) line += form == 1 ? ", " : ",";
    bool capital = form == 2;
    for (const char letter : shape_->columns[c].name) {
      if (form == 3 && letter == '_') {
        capital = true;
        continue;
      }
      line += capital ? static_cast<char>(std::toupper(static_cast<unsigned char>(letter))) : letter;
      capital = form == 2;
    }
  }
  return line;
}

std::string damage::row(const fields_t& fields) {
  std::string line;
  if ((random_.next() >> 32) >= threshold_) {
    line = join(fields);
  } else {
    // One kind after the other, so that a small file has them all.
    for (std::optional<std::string> damaged; !damaged; next_kind_ = (next_kind_ + 1) % damage_kinds) {
      const auto kind = static_cast<damage_kind>(next_kind_);
      damaged = damage_row(kind, *shape_, fields, random_);
      if (!damaged) continue;
      if (kind == damage_kind::id_out_of_order && waiting_.empty()) {
        waiting_ = std::move(*damaged);
        damaged = "";
      }
      line = std::move(*damaged);
    }
    return line;
  }
  if (!waiting_.empty()) line += '\n' + std::exchange(waiting_, "");
  return line;
}

std::string damage::last_row() { return waiting_.empty() ? "" : std::exchange(waiting_, "") + '\n'; }

bool damage::ends_without_newline() const {
  return shape_->kind == set_kind::questions || shape_->kind == set_kind::reviews_photos;
}

}  // namespace atelier::etl
