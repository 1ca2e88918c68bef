#include "support/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace atelier::test {
namespace {

template <class Row>
Row& row_of(std::vector<Row>& rows, std::int64_t id, const char* what) {
  const auto found = std::find_if(rows.begin(), rows.end(), [id](const Row& r) { return r.id == id; });
  if (found == rows.end()) throw std::out_of_range(fmt::format("the oracle knows no {} {}", what, id));
  return *found;
}

// One of the seven files, its cells reached by the header's names.
class table {
 public:
  table(const std::filesystem::path& folder, const std::string& name) : name_(name) {
    std::ifstream file(folder / name, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + (folder / name).string());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    records_ = read_csv(text);
    if (records_.empty()) throw std::runtime_error(name + " has no header");
    for (std::size_t i = 0; i < records_[0].size(); ++i) columns_[records_[0][i]] = i;
    records_.erase(records_.begin());
  }

  std::size_t rows() const { return records_.size(); }
  const std::string& text(std::size_t row, const std::string& column) const {
    return records_.at(row).at(columns_.at(column));
  }
  std::int64_t number(std::size_t row, const std::string& column) const {
    const std::string& cell = text(row, column);
    std::size_t used = 0;
    const std::int64_t value = std::stoll(cell, &used);
    if (used != cell.size()) throw std::runtime_error(name_ + ": not a number: " + cell);
    return value;
  }
  bool truth(std::size_t row, const std::string& column) const {
    const std::string& cell = text(row, column);
    if (cell == "true") return true;
    if (cell == "false") return false;
    throw std::runtime_error(name_ + ": not a boolean: " + cell);
  }
  std::optional<std::string> text_or_null(std::size_t row, const std::string& column) const {
    const std::string& cell = text(row, column);
    if (cell.empty() || cell == "null") return std::nullopt;
    return cell;
  }

 private:
  std::string name_;
  std::vector<std::vector<std::string>> records_;
  std::map<std::string, std::size_t> columns_;
};

// The rows of a page: those from (page - 1) * count on, at most count of them.
template <class Row>
std::vector<Row> cut(const std::vector<Row>& all, slice of) {
  if (of.count == 0) return {};
  const auto count = static_cast<std::size_t>(of.count);
  const auto page = static_cast<std::size_t>(std::max<std::int64_t>(of.page, 1));
  if (page - 1 > all.size() / count) return {};
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(std::min((page - 1) * count, all.size()));
  const auto left = static_cast<std::size_t>(all.end() - from);
  return {from, from + static_cast<std::ptrdiff_t>(std::min(count, left))};
}

template <class Rows, class Write>
std::string joined(const Rows& rows, Write write) {
  std::string out;
  for (const auto& row : rows) {
    if (!out.empty()) out += ',';
    out += write(row);
  }
  return out;
}

std::string photos_json(std::vector<photo> photos) {
  std::sort(photos.begin(), photos.end(), [](const photo& a, const photo& b) { return a.id < b.id; });
  return "[" +
         joined(
             photos,
             [](const photo& p) { return fmt::format(R"({{"id":{},"url":{}}})", p.id, json_text(p.url)); }) +
         "]";
}

std::string photo_urls_json(std::vector<photo> photos) {
  std::sort(photos.begin(), photos.end(), [](const photo& a, const photo& b) { return a.id < b.id; });
  return "[" + joined(photos, [](const photo& p) { return json_text(p.url); }) + "]";
}

// An item of the list, without its braces.
std::string review_members(const review& r) {
  return fmt::format(
      R"("review_id":{},"rating":{},"summary":{},"recommend":{},"response":{},"body":{},"date":"{}",)"
      R"("reviewer_name":{},"helpfulness":{},"photos":{})",
      r.id, r.rating, json_text(r.summary), r.recommend, r.response ? json_text(*r.response) : "null",
      json_text(r.body), iso_time(r.date_ms), json_text(r.name), r.helpfulness, photos_json(r.photos));
}

bool before(const review& a, const review& b, order by) {
  switch (by) {
    case order::newest:
      return std::tuple(a.date_ms, a.id) > std::tuple(b.date_ms, b.id);
    case order::helpful:
      return std::tuple(a.helpfulness, a.id) > std::tuple(b.helpfulness, b.id);
    case order::relevant:
      break;
  }
  return std::tuple(a.helpfulness, a.date_ms, a.id) > std::tuple(b.helpfulness, b.date_ms, b.id);
}

// Questions and answers have one order.
template <class Row>
void most_helpful_first(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tuple(a.helpfulness, a.date_ms, a.id) > std::tuple(b.helpfulness, b.date_ms, b.id);
  });
}

template <class Row, class Keep>
std::vector<Row> only(const std::vector<Row>& rows, Keep keep) {
  std::vector<Row> out;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(out), keep);
  return out;
}

std::string question_json(const shop& s, const question& q) {
  std::vector<answer> answers =
      only(s.answers, [&q](const answer& a) { return a.question == q.id && !a.reported; });
  std::sort(answers.begin(), answers.end(), [](const answer& a, const answer& b) { return a.id < b.id; });
  const std::string members = joined(answers, [](const answer& a) {
    return fmt::format(
        R"("{}":{{"id":{},"body":{},"date":"{}","answerer_name":{},"helpfulness":{},"photos":{}}})", a.id,
        a.id, json_text(a.body), iso_time(a.date_ms), json_text(a.name), a.helpfulness,
        photo_urls_json(a.photos));
  });
  return fmt::format(
      R"({{"question_id":{},"question_body":{},"question_date":"{}","asker_name":{},"question_helpfulness":{},)"
      R"("reported":false,"answers":{{{}}}}})",
      q.id, json_text(q.body), iso_time(q.date_ms), json_text(q.name), q.helpfulness, members);
}

}  // namespace

review& shop::review_of(std::int64_t id) { return row_of(reviews, id, "review"); }
question& shop::question_of(std::int64_t id) { return row_of(questions, id, "question"); }
answer& shop::answer_of(std::int64_t id) { return row_of(answers, id, "answer"); }

std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      record.push_back(std::exchange(cell, {}));
    } else if (c == '\n') {
      record.push_back(std::exchange(cell, {}));
      records.push_back(std::exchange(record, {}));
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (!cell.empty() || !record.empty()) {
    record.push_back(cell);
    records.push_back(record);
  }
  return records;
}

shop read_shop(const std::filesystem::path& folder) {
  shop s;
  const table reviews(folder, "reviews.csv");
  std::map<std::int64_t, std::size_t> review_at;
  for (std::size_t i = 0; i < reviews.rows(); ++i) {
    review_at[reviews.number(i, "id")] = i;
    s.reviews.push_back({.id = reviews.number(i, "id"),
                         .product = reviews.number(i, "product_id"),
                         .rating = static_cast<int>(reviews.number(i, "rating")),
                         .date_ms = reviews.number(i, "date"),
                         .summary = reviews.text(i, "summary"),
                         .body = reviews.text(i, "body"),
                         .recommend = reviews.truth(i, "recommend"),
                         .reported = reviews.truth(i, "reported"),
                         .name = reviews.text(i, "reviewer_name"),
                         .response = reviews.text_or_null(i, "response"),
                         .helpfulness = reviews.number(i, "helpfulness"),
                         .photos = {}});
  }
  const table reviews_photos(folder, "reviews_photos.csv");
  for (std::size_t i = 0; i < reviews_photos.rows(); ++i) {
    s.reviews.at(review_at.at(reviews_photos.number(i, "review_id")))
        .photos.push_back({reviews_photos.number(i, "id"), reviews_photos.text(i, "url")});
  }
  const table characteristics(folder, "characteristics.csv");
  for (std::size_t i = 0; i < characteristics.rows(); ++i) {
    s.characteristics.push_back({characteristics.number(i, "id"), characteristics.number(i, "product_id"),
                                 characteristics.text_or_null(i, "name")});
  }
  const table values(folder, "characteristic_reviews.csv");
  for (std::size_t i = 0; i < values.rows(); ++i) {
    s.values.push_back({values.number(i, "characteristic_id"), static_cast<int>(values.number(i, "value"))});
  }
  const table questions(folder, "questions.csv");
  for (std::size_t i = 0; i < questions.rows(); ++i) {
    s.questions.push_back({.id = questions.number(i, "id"),
                           .product = questions.number(i, "product_id"),
                           .body = questions.text(i, "body"),
                           .date_ms = questions.number(i, "date_written"),
                           .name = questions.text(i, "asker_name"),
                           .reported = questions.truth(i, "reported"),
                           .helpfulness = questions.number(i, "helpful")});
  }
  const table answers(folder, "answers.csv");
  std::map<std::int64_t, std::size_t> answer_at;
  for (std::size_t i = 0; i < answers.rows(); ++i) {
    answer_at[answers.number(i, "id")] = i;
    s.answers.push_back({.id = answers.number(i, "id"),
                         .question = answers.number(i, "question_id"),
                         .body = answers.text(i, "body"),
                         .date_ms = answers.number(i, "date_written"),
                         .name = answers.text(i, "answerer_name"),
                         .reported = answers.truth(i, "reported"),
                         .helpfulness = answers.number(i, "helpful"),
                         .photos = {}});
  }
  const table answers_photos(folder, "answers_photos.csv");
  for (std::size_t i = 0; i < answers_photos.rows(); ++i) {
    s.answers.at(answer_at.at(answers_photos.number(i, "answer_id")))
        .photos.push_back({answers_photos.number(i, "id"), answers_photos.text(i, "url")});
  }
  return s;
}

std::string reviews_json(const shop& s, std::int64_t product, order by, slice of) {
  std::vector<review> all =
      only(s.reviews, [product](const review& r) { return r.product == product && !r.reported; });
  std::sort(all.begin(), all.end(), [by](const review& a, const review& b) { return before(a, b, by); });
  const std::string results =
      joined(cut(all, of), [](const review& r) { return "{" + review_members(r) + "}"; });
  return fmt::format(R"({{"product":"{}","page":{},"count":{},"results":[{}]}})", product,
                     std::max<std::int64_t>(of.page, 1) - 1, of.count, results);
}

std::string meta_json(const shop& s, std::int64_t product) {
  std::map<int, std::int64_t> ratings;
  std::map<bool, std::int64_t> recommended;  // false before true
  for (const review& r : s.reviews) {        // reported ones count here
    if (r.product != product) continue;
    ++ratings[r.rating];
    ++recommended[r.recommend];
  }
  const auto counts = [](const auto& pair) { return fmt::format(R"("{}":"{}")", pair.first, pair.second); };

  std::vector<characteristic> named =
      only(s.characteristics, [product](const characteristic& c) { return c.product == product && c.name; });
  std::sort(named.begin(), named.end(),
            [](const characteristic& a, const characteristic& b) { return a.id < b.id; });
  std::vector<characteristic> shown;  // of two with one name, the one with the lower id
  for (const characteristic& c : named) {
    if (std::none_of(shown.begin(), shown.end(),
                     [&c](const characteristic& o) { return o.name == c.name; })) {
      shown.push_back(c);
    }
  }
  const std::string characteristics = joined(shown, [&s](const characteristic& c) {
    std::int64_t sum = 0;
    std::int64_t count = 0;
    for (const characteristic_value& v : s.values) {
      if (v.characteristic != c.id) continue;
      sum += v.value;
      ++count;
    }
    return fmt::format(R"({}:{{"id":{},"value":{}}})", json_text(*c.name), c.id,
                       count == 0 ? "null" : '"' + mean(sum, count) + '"');
  });
  return fmt::format(
      R"({{"product_id":"{}","ratings":{{{}}},"recommended":{{{}}},"characteristics":{{{}}}}})", product,
      joined(ratings, counts), joined(recommended, counts), characteristics);
}

std::optional<std::string> review_json(const shop& s, std::int64_t id) {
  for (const review& r : s.reviews) {
    if (r.id == id && !r.reported) {
      return fmt::format(R"({{"product_id":"{}",{}}})", r.product, review_members(r));
    }
  }
  return std::nullopt;
}

std::string questions_json(const shop& s, std::int64_t product, slice of) {
  std::vector<question> all =
      only(s.questions, [product](const question& q) { return q.product == product && !q.reported; });
  most_helpful_first(all);
  return fmt::format(R"({{"product_id":"{}","results":[{}]}})", product,
                     joined(cut(all, of), [&s](const question& q) { return question_json(s, q); }));
}

std::string answers_json(const shop& s, std::int64_t question, slice of) {
  std::vector<answer> all =
      only(s.answers, [question](const answer& a) { return a.question == question && !a.reported; });
  most_helpful_first(all);
  const std::string results = joined(cut(all, of), [](const answer& a) {
    return fmt::format(
        R"({{"answer_id":{},"body":{},"date":"{}","answerer_name":{},"helpfulness":{},"photos":{}}})", a.id,
        json_text(a.body), iso_time(a.date_ms), json_text(a.name), a.helpfulness, photos_json(a.photos));
  });
  return fmt::format(R"({{"question":"{}","page":{},"count":{},"results":[{}]}})", question,
                     std::max<std::int64_t>(of.page, 1), of.count, results);
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", c);
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string iso_time(std::int64_t ms_since_1970) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{ms_since_1970}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string mean(std::int64_t sum, std::int64_t count) {
  // Long division, as on paper.
  std::int64_t whole = sum / count;
  std::int64_t left = sum % count;
  std::int64_t decimals = 0;
  std::int64_t one = 1;
  for (int digit = 0; digit < 16; ++digit) {
    decimals = decimals * 10 + left * 10 / count;
    left = left * 10 % count;
    one *= 10;
  }
  if (2 * left >= count) ++decimals;
  if (decimals == one) {
    decimals = 0;
    ++whole;
  }
  return fmt::format("{}.{:016}", whole, decimals);
}

}  // namespace atelier::test
