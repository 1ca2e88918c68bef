#include "etl/sets.hpp"

namespace atelier::etl {
namespace {

using enum column_type;

constexpr column characteristics[] = {{"id", id, true}, {"product_id", id, true}, {"name", text, false}};
constexpr column reviews_photos[] = {{"id", id, true}, {"review_id", id, true}, {"url", text, true}};
constexpr column reviews[] = {
    {"id", id, true},
    {"product_id", id, true},
    {"rating", rating, true},
    {"date", date, true},
    {"summary", text, false},
    {"body", text, true},
    {"recommend", boolean, true},
    {"reported", boolean, false},
    {"reviewer_name", text, true},
    {"reviewer_email", text, false},
    {"response", text, false},
    {"helpfulness", count, false},
};
constexpr column characteristic_reviews[] = {
    {"id", id, true}, {"characteristic_id", id, true}, {"review_id", id, true}, {"value", rating, true}};
constexpr column questions[] = {
    {"id", id, true},
    {"product_id", id, true},
    {"body", text, true},
    {"date_written", date, true},
    {"asker_name", text, true},
    {"asker_email", text, false},
    {"reported", boolean, false},
    {"helpful", count, false},
};
constexpr column answers_photos[] = {{"id", id, true}, {"answer_id", id, true}, {"url", text, true}};
constexpr column answers[] = {
    {"id", id, true},
    {"question_id", id, true},
    {"body", text, true},
    {"date_written", date, true},
    {"answerer_name", text, true},
    {"answerer_email", text, false},
    {"reported", boolean, false},
    {"helpful", count, false},
};

constexpr std::array<set_shape, set_count> sets{{
    {set_kind::characteristics, "characteristics", characteristics},
    {set_kind::reviews_photos, "reviews_photos", reviews_photos},
    {set_kind::reviews, "reviews", reviews},
    {set_kind::characteristic_reviews, "characteristic_reviews", characteristic_reviews},
    {set_kind::questions, "questions", questions},
    {set_kind::answers_photos, "answers_photos", answers_photos},
    {set_kind::answers, "answers", answers},
}};

}  // namespace

const set_shape& shape_of(set_kind kind) { return sets[static_cast<std::size_t>(kind)]; }

std::size_t shortest_row_bytes(set_kind kind) {
  std::size_t bytes = 0;
  for (const auto& c : shape_of(kind).columns)
    if (c.required) bytes += 1 + (c.type == date ? 9 : 1);  // epoch seconds have 9 digits since 1973
  return bytes;
}

std::span<const set_shape, set_count> all_sets() { return sets; }

}  // namespace atelier::etl
