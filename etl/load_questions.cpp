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

void write_common(copy_writer& out, const row& r) {
  const auto& v = r.values;
  out.int64(v[id].number);
  out.moment(v[date].number);
  out.int32(static_cast<std::int32_t>(v[helpful].number));
  out.boolean(v[reported].number != 0);
  out.text(v[body].text);
  out.text(v[name].text);
  out.text_or_null(v[email].text, v[email].none);
}

// What is kept in memory: 4 bytes a question, 8 a run of one product's questions, a bit an answer.
class questions_load {
 public:
  questions_load(run_state& run, part_target& to)
      : run_(run), builds_(to.conninfo != nullptr), largest_(to.largest), to_(to) {}

  result<> read_questions();
  result<> read_answers();

 private:
  // The rows are there; the rest goes on while the next set is read.
  result<> build(next_table& table) {
    auto left = table.finish();
    if (!left) return left.error();
    to_.pool->add(std::move(*left));
    return {};
  }
  result<std::optional<next_table>> start(std::string_view table, std::string_view columns) {
    if (!builds_) return std::optional<next_table>();
    auto started = next_table::start(*to_.conninfo, table, columns);
    if (!started) return started.error();
    return std::optional<next_table>(std::move(*started));
  }

  run_state& run_;
  const bool builds_;  // else only looks
  largest_ids& largest_;
  part_target& to_;
  id_map<std::uint32_t> product_of_;  // a question's product: its place in products_; 0: no such question
  std::vector<std::int64_t> products_{
      0};  // files ascend with the product, so that a new one is mostly the last
};

result<> questions_load::read_questions() {
  auto table = start("questions", question_columns);
  if (!table) return table.error();
  const auto see = [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
    const auto& v = r.values;
    auto& place = product_of_.at(v[id].number);
    if (place != 0) return refuse(why, reject::duplicate_id, set_kind::questions, id);
    if (products_.back() != v[parent].number) products_.push_back(v[parent].number);
    place = static_cast<std::uint32_t>(products_.size() - 1);
    largest_.question = std::max(largest_.question, v[id].number);
    if (!*table) return fate::loaded;
    auto& out = (*table)->rows();
    out.begin_row(8);
    out.int64(v[parent].number);
    write_common(out, r);
    out.end_row();
    return fate::loaded;
  };
  if (auto read = read_set(run_, set_kind::questions, see); !read) return read;
  if (!*table) return {};
  return build(**table);
}

result<> questions_load::read_answers() {
  auto spill = photo_spill::create(builds_);
  if (!spill) return spill.error();
  if (auto read = read_photos(run_, set_kind::answers_photos, *spill); !read) return read;
  auto table = start("answers", answer_columns);
  if (!table) return table.error();
  id_set answers;
  std::vector<photo> photos;
  const bool parents_known = builds_ || run_.has(set_kind::questions);
  const auto see = [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
    const auto& v = r.values;
    const auto place = product_of_.find(v[parent].number);
    if (place == 0 && parents_known) return refuse(why, reject::unknown_parent, set_kind::answers, parent);
    if (!answers.insert(v[id].number)) return refuse(why, reject::duplicate_id, set_kind::answers, id);
    largest_.answer = std::max(largest_.answer, v[id].number);
    if (!*table) return fate::loaded;
    if (auto found = spill->photos_of(v[id].number, photos); !found) return found.error();
    auto& out = (*table)->rows();
    out.begin_row(11);
    out.int64(products_[place]);
    out.int64(v[parent].number);
    write_common(out, r);
    write_photos(out, photos);
    out.end_row();
    return fate::loaded;
  };
  if (auto read = read_set(run_, set_kind::answers, see); !read) return read;
  if (*table)
    if (auto built = build(**table); !built) return built;
  const bool any_parent = !builds_ && !run_.has(set_kind::answers);
  return settle_photos(
      run_, set_kind::answers_photos, *spill,
      [&](std::int64_t answer) { return any_parent || answers.contains(answer); }, largest_.answer_photo,
      to_);
}

}  // namespace

result<> load_questions(run_state& run, part_target& to) {
  questions_load load(run, to);
  if (auto done = load.read_questions(); !done) return done;
  return load.read_answers();
}

}  // namespace atelier::etl
