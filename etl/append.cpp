#include "etl/append.hpp"

#include "etl/next_tables.hpp"

namespace atelier::etl {
namespace {

constexpr std::size_t fetched_rows = 50'000;  // of a cursor at a time

// Shows every row of a query.
result<> for_each_row(db::session& session, const std::string& sql,
                      const std::function<void(const db::rows&, std::size_t)>& see) {
  if (auto begun = session.run("begin; declare c no scroll cursor for " + sql); !begun) return begun.error();
  for (;;) {
    const auto rows = session.run(fmt::format("fetch {} from c", fetched_rows));
    if (!rows) return rows.error();
    for (std::size_t i = 0; i < rows->size(); ++i) see(*rows, i);
    if (rows->size() < fetched_rows) break;
  }
  if (auto ended = session.run("commit"); !ended) return ended.error();
  return {};
}

class append_load {
 public:
  append_load(run_state& run, db::session& work, db::session& side, const load_record& record, conflict what)
      : run_(run), work_(work), side_(side), record_(record), what_(what) {}

  result<> characteristics();
  result<> reviews();
  result<> characteristic_reviews();
  result<> questions();
  result<> answers();
  result<> photos(set_kind set, const char* table);

 private:
  using write_row = std::function<void(copy_writer&, const row&)>;
  using refuse_row = std::function<std::optional<fate>(const row&, rejection&)>;

  result<> read(set_kind set, const write_row& write, const refuse_row& refuses = {},
                const std::function<void(std::int64_t)>& on_loaded = {});
  result<> learn_characteristics();

  run_state& run_;
  db::session& work_;
  db::session& side_;
  const load_record& record_;
  conflict what_;
  bool characteristics_known_ = false;
  id_map<std::uint32_t> product_place_of_;  // of a characteristic, in products_; 0: no such
  std::vector<std::int64_t> products_{0};
};

result<> append_load::read(set_kind set, const write_row& write, const refuse_row& refuses,
                           const std::function<void(std::int64_t)>& on_loaded) {
  if (!run_.has(set)) return {};
  auto batch = append_batch::start(run_, work_, side_, record_, set, what_);
  if (!batch) return batch.error();
  batch->on_loaded = on_loaded;
  const auto see = [&](std::uint32_t file, const record& r, const row& values,
                       rejection& why) -> result<fate> {
    if (refuses)
      if (const auto refused = refuses(values, why)) return *refused;
    const auto out = batch->add(file, r, values);
    if (!out) return out.error();
    write(**out, values);
    if (auto ended = batch->end_row(); !ended) return ended.error();
    return fate::deferred;
  };
  if (auto done = read_set(run_, set, see); !done) return done;
  if (auto finished = batch->finish(); !finished) return finished;
  for (auto& file : run_.files())
    if (file->of.where.set == set)
      if (auto written = file->rejects.finish(); !written) return written;
  if (auto limit = run_.over_limit(false)) return *limit;
  return {};
}

result<> append_load::learn_characteristics() {
  if (characteristics_known_) return {};
  characteristics_known_ = true;
  return for_each_row(work_, "select product_id, unnest(characteristic_ids) from atelier.product_meta",
                      [&](const db::rows& rows, std::size_t i) {
                        const auto product = rows.number(i, 0);
                        if (products_.back() != product) products_.push_back(product);
                        product_place_of_.at(rows.number(i, 1)) =
                            static_cast<std::uint32_t>(products_.size() - 1);
                      });
}

result<> append_load::characteristics() {
  if (!run_.has(set_kind::characteristics)) return {};
  if (auto learnt = learn_characteristics(); !learnt) return learnt;
  id_set ours;  // taken by this load, in this batch or before
  return read(
      set_kind::characteristics,
      [&](copy_writer& out, const row& r) {
        const auto id = r.values[0].number, product = r.values[1].number;
        auto& place = product_place_of_.at(id);
        out.int64(product);
        out.int64(id);
        out.text_or_null(r.values[2].text, r.values[2].none);
        if (place != 0)
          out.int64(products_[place]);
        else
          out.null();
        if (place == 0 || what_ == conflict::update) {
          if (products_.back() != product) products_.push_back(product);
          place = static_cast<std::uint32_t>(products_.size() - 1);
        }
      },
      [&](const row& r, rejection& why) -> std::optional<fate> {
        if (ours.insert(r.values[0].number)) return std::nullopt;
        return refuse(why, reject::duplicate_id, set_kind::characteristics, 0);
      });
}

result<> append_load::reviews() {
  return read(set_kind::reviews, [](copy_writer& out, const row& r) {
    const auto& v = r.values;
    out.int64(v[1].number);
    out.int64(v[0].number);
    out.moment(v[3].number);
    out.int32(static_cast<std::int32_t>(v[11].number));
    out.int16(static_cast<std::int16_t>(v[2].number));
    out.boolean(v[6].number != 0);
    out.boolean(v[7].number != 0);
    out.text(v[4].text);
    out.text(v[5].text);
    out.text_or_null(v[10].text, v[10].none);
    out.text(v[8].text);
    out.text_or_null(v[9].text, v[9].none);
  });
}

result<> append_load::characteristic_reviews() {
  constexpr auto set = set_kind::characteristic_reviews;
  if (!run_.has(set)) return {};
  if (auto learnt = learn_characteristics(); !learnt) return learnt;
  return read(
      set,
      [&](copy_writer& out, const row& r) {
        out.int64(products_[product_place_of_.find(r.values[1].number)]);
        out.int64(r.values[0].number);
        out.int64(r.values[1].number);
        out.int64(r.values[2].number);
        out.int16(static_cast<std::int16_t>(r.values[3].number));
      },
      [&](const row& r, rejection& why) -> std::optional<fate> {
        if (product_place_of_.find(r.values[1].number) != 0) return std::nullopt;
        return refuse(why, reject::unknown_parent, set, 1);
      });
}

void write_text(copy_writer& out, const row& r) {
  const auto& v = r.values;
  out.int64(v[1].number);
  out.int64(v[0].number);
  out.moment(v[3].number);
  out.int32(static_cast<std::int32_t>(v[7].number));
  out.boolean(v[6].number != 0);
  out.text(v[2].text);
  out.text(v[4].text);
  out.text_or_null(v[5].text, v[5].none);
}

result<> append_load::questions() { return read(set_kind::questions, write_text); }
result<> append_load::answers() { return read(set_kind::answers, write_text); }

result<> append_load::photos(set_kind set, const char* table) {
  if (!run_.has(set)) return {};
  id_set known;  // photos that some row has, before this load or by it
  if (auto learnt =
          for_each_row(work_, fmt::format("select unnest(photo_ids) from atelier.{}", table),
                       [&](const db::rows& rows, std::size_t i) { known.insert(rows.number(i, 0)); });
      !learnt)
    return learnt;
  return read(
      set,
      [&](copy_writer& out, const row& r) {
        out.int64(r.values[0].number);
        out.int64(r.values[1].number);
        out.text(r.values[2].text);
        out.boolean(known.contains(r.values[0].number));
      },
      {}, [&](std::int64_t id) { known.insert(id); });
}

}  // namespace

result<> append_files(run_state& run, const std::string& conninfo, db::session& side,
                      const load_record& record, conflict what) {
  auto work = open_session(conninfo);
  if (!work) return work.error();
  append_load load(run, *work, side, record, what);
  if (auto done = load.characteristics(); !done) return done;
  if (auto done = load.reviews(); !done) return done;
  if (auto done = load.characteristic_reviews(); !done) return done;
  if (auto done = load.photos(set_kind::reviews_photos, "reviews"); !done) return done;
  if (auto done = load.questions(); !done) return done;
  if (auto done = load.answers(); !done) return done;
  return load.photos(set_kind::answers_photos, "answers");
}

}  // namespace atelier::etl
