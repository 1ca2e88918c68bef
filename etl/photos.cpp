#include "etl/photos.hpp"

namespace atelier::etl {

result<> read_photos(run_state& run, set_kind set, photo_spill& spill) {
  if (!spill.is_wanted()) return {};
  return read_set(run, set,
                  [&](std::uint32_t file, const record& r, const row& values, rejection&) -> result<fate> {
                    if (auto added = spill.add(r, values, file); !added) return added.error();
                    return fate::deferred;
                  });
}

namespace {

// Where no row asks for its photos, they need not wait: they are read when all parents are known, and decided
// about one by one, with the same outcome.
result<> decide_while_reading(run_state& run, set_kind set,
                              const std::function<bool(std::int64_t)>& is_loaded) {
  id_set taken;
  return read_set(run, set,
                  [&](std::uint32_t, const record&, const row& values, rejection& why) -> result<fate> {
                    if (!is_loaded(values.values[1].number))
                      return refuse(why, reject::unknown_parent, set, 1);
                    if (!taken.insert(values.values[0].number))
                      return refuse(why, reject::duplicate_id, set, 0);
                    return fate::loaded;
                  });
}

}  // namespace

result<> settle_photos(run_state& run, set_kind set, photo_spill& spill,
                       const std::function<bool(std::int64_t)>& is_loaded, std::int64_t& largest,
                       part_target& to) {
  if (!spill.is_wanted()) return decide_while_reading(run, set, is_loaded);
  const std::string_view table = set == set_kind::reviews_photos ? "reviews" : "answers";
  id_set decided;
  const auto& columns = shape_of(set).columns;
  auto done = spill.for_each([&](const waiting_photo& p) -> result<> {
    auto& file = *run.files()[p.file];
    const auto refuse = [&](reject why, std::size_t column, std::int64_t value) -> result<> {
      const auto text = std::to_string(value);
      run.count_rejected(file, {p.line, p.offset, why, columns[column].name, text, p.raw});
      return {};
    };
    --file.undecided;
    if (!is_loaded(p.parent)) return refuse(reject::unknown_parent, 1, p.parent);
    if (p.is_echo) return refuse(reject::duplicate_id, 0, p.id);
    if (p.is_contested) {
      if (!decided.insert(p.id)) return refuse(reject::duplicate_id, 0, p.id);
      if (auto added = to.late.add(*to.conninfo, table, p); !added) return added;
    }
    largest = std::max(largest, p.id);
    run.count_loaded(file, p.repairs);
    return {};
  });
  if (!done) return done;
  if (auto ended = to.late.end(); !ended) return ended;
  for (auto& file : run.files())
    if (file->of.where.set == set)
      if (auto written = file->rejects.finish(); !written) return written.error();
  if (auto limit = run.over_limit(false)) return *limit;
  return {};
}

result<> late_photos::add(const std::string& conninfo, std::string_view table, const waiting_photo& p) {
  if (!session_) {
    auto opened = open_builder(conninfo);
    if (!opened) return opened.error();
    session_ = std::make_unique<db::session>(std::move(*opened));
    table_ = table;
    const auto late = fmt::format("{}.late_{}", next_schema, table);
    if (auto made =
            session_->run(fmt::format("create unlogged table {} (parent bigint, id bigint, url text)", late));
        !made)
      return made.error();
    auto writer = copy_writer::start(*session_, late + " (parent, id, url)", false);
    if (!writer) return writer.error();
    writer_.emplace(std::move(*writer));
  }
  writer_->begin_row(3);
  writer_->int64(p.parent);
  writer_->int64(p.id);
  writer_->text(p.url);
  writer_->end_row();
  return {};
}

result<> late_photos::end() {
  if (!session_) return {};
  if (const auto copied = writer_->finish(); !copied) return copied.error();
  return {};
}

result<> late_photos::put_in() {
  if (!session_) return {};
  const auto done =
      session_->run(fmt::format("analyze {0}.late_{1}; update {0}.{1} r set (photo_ids, photo_urls) ="
                                " (select array_agg(i order by i), array_agg(u order by i)"
                                "  from unnest(r.photo_ids || l.ids, r.photo_urls || l.urls) as p(i, u))"
                                " from (select parent, array_agg(id) as ids, array_agg(url) as urls from "
                                "{0}.late_{1} group by parent) l"
                                " where r.id = l.parent; drop table {0}.late_{1}",
                                next_schema, table_));
  if (!done) return done.error();
  // What the update left: dead rows, and pages that are not known to be visible to all.
  const auto clean = session_->run(fmt::format("vacuum (analyze) {}.{}", next_schema, table_));
  if (!clean) return clean.error();
  return {};
}

void write_photos(copy_writer& out, std::span<const photo> photos) {
  if (photos.empty()) {
    out.null();
    out.null();
    return;
  }
  out.int64_array(photos, &photo::id);
  out.text_array(photos, &photo::url);
}

}  // namespace atelier::etl
