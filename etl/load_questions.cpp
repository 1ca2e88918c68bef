#include "etl/load_questions.hpp"

#include "etl/photos.hpp"

namespace atelier::etl {
namespace {

constexpr auto question_columns =
    "(product_id, id, date, helpfulness, reported, body, asker_name, asker_email)";
constexpr auto answer_columns =
    "(product_id, question_id, id, date, helpfulness, reported, body, answerer_name, answerer_email, "
    "photo_ids, photo_urls)";

// The positions of the columns of questions.csv and answers.csv, which are alike.
enum column_of : std::size_t { id, parent, body, date, name, email, reported, helpful };

void text_or_null(copy_writer& out, const value& v) {
  if (v.none)
    out.null();
  else
    out.text(v.text);
}

fate refuse(rejection& why, reject reason, const set_shape& shape, std::size_t column) {
  why = {reason, shape.columns[column].name, {}};
  return fate::refused;
}

}  // namespace

result<> load_questions(run_state& run, db::session* session, largest_ids& largest) {
  // A question's product, by its place in `products` plus one.
  id_map<std::uint32_t> product_of;
  std::vector<std::int64_t> products{0};
  {
    std::optional<next_table> table;
    if (session) {
      auto started = next_table::start(*session, "questions", question_columns);
      if (!started) return started.error();
      table.emplace(std::move(*started));
    }
    const auto& shape = shape_of(set_kind::questions);
    auto read = read_set(run, set_kind::questions,
                         [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
                           const auto& v = r.values;
                           auto& place = product_of.at(v[id].number);
                           if (place != 0) return refuse(why, reject::duplicate_id, shape, id);
                           if (products.back() != v[parent].number) products.push_back(v[parent].number);
                           place = static_cast<std::uint32_t>(products.size() - 1);
                           largest.question = std::max(largest.question, v[id].number);
                           if (!table) return fate::loaded;
                           auto& out = table->rows();
                           out.begin_row(8);
                           out.int64(v[parent].number);
                           out.int64(v[id].number);
                           out.moment(v[date].number);
                           out.int32(static_cast<std::int32_t>(v[helpful].number));
                           out.boolean(v[reported].number != 0);
                           out.text(v[body].text);
                           out.text(v[name].text);
                           text_or_null(out, v[email]);
                           out.end_row();
                           return fate::loaded;
                         });
    if (!read) return read;
    if (table) {
      if (auto built = table->finish_rows(); !built) return built;
      if (auto committed = table->commit(); !committed) return committed;
    }
  }

  auto spill = photo_spill::create();
  if (!spill) return spill.error();
  if (auto read = read_photos(run, set_kind::answers_photos, *spill); !read) return read;

  id_set answers;
  std::vector<photo> photos;
  std::optional<next_table> table;
  if (session) {
    auto started = next_table::start(*session, "answers", answer_columns);
    if (!started) return started.error();
    table.emplace(std::move(*started));
  }
  const auto& shape = shape_of(set_kind::answers);
  const bool parents_known = session || run.has(set_kind::questions);
  auto read = read_set(run, set_kind::answers,
                       [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
                         const auto& v = r.values;
                         const auto place = product_of.find(v[parent].number);
                         if (place == 0 && parents_known)
                           return refuse(why, reject::unknown_parent, shape, parent);
                         if (!answers.insert(v[id].number))
                           return refuse(why, reject::duplicate_id, shape, id);
                         largest.answer = std::max(largest.answer, v[id].number);
                         if (!table) return fate::loaded;
                         if (auto found = spill->photos_of(v[id].number, photos); !found)
                           return found.error();
                         auto& out = table->rows();
                         out.begin_row(11);
                         out.int64(products[place]);
                         out.int64(v[parent].number);
                         out.int64(v[id].number);
                         out.moment(v[date].number);
                         out.int32(static_cast<std::int32_t>(v[helpful].number));
                         out.boolean(v[reported].number != 0);
                         out.text(v[body].text);
                         out.text(v[name].text);
                         text_or_null(out, v[email]);
                         write_photos(out, photos);
                         out.end_row();
                         return fate::loaded;
                       });
  if (!read) return read;
  if (table)
    if (auto built = table->finish_rows(); !built) return built;
  const bool any_parent = !session && !run.has(set_kind::answers);
  const auto late = settle_photos(
      run, set_kind::answers_photos, *spill,
      [&](std::int64_t answer) { return any_parent || answers.contains(answer); }, largest.answer_photo);
  if (!late) return late.error();
  if (!table) return {};
  if (auto added = add_late_photos(*session, "answers", *late); !added) return added;
  return table->commit();
}

}  // namespace atelier::etl
