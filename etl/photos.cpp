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
                       std::vector<late_photo>& late) {
  if (!spill.is_wanted()) return decide_while_reading(run, set, is_loaded);
  const std::string_view table = set == set_kind::reviews_photos ? "reviews" : "answers";
  std::unordered_set<std::int64_t> decided;
  const auto& columns = shape_of(set).columns;
  auto done = spill.for_each([&](const waiting_photo& p) {
    auto& file = *run.files()[p.file];
    const auto refuse = [&](reject why, std::size_t column, std::int64_t value) {
      const auto text = std::to_string(value);
      run.count_rejected(file, {p.line, p.offset, why, columns[column].name, text, p.raw});
    };
    --file.undecided;
    if (!is_loaded(p.parent)) return refuse(reject::unknown_parent, 1, p.parent);
    if (p.is_echo) return refuse(reject::duplicate_id, 0, p.id);
    if (p.is_contested) {
      if (!decided.insert(p.id).second) return refuse(reject::duplicate_id, 0, p.id);
      late.push_back({table, p.parent, p.id, std::string(p.url)});
    }
    largest = std::max(largest, p.id);
    run.count_loaded(file, p.repairs);
  });
  if (!done) return done.error();
  for (auto& file : run.files())
    if (file->of.where.set == set)
      if (auto written = file->rejects.finish(); !written) return written.error();
  if (auto limit = run.over_limit(false)) return *limit;
  return {};
}

result<> add_late_photos(db::session& session, const std::vector<late_photo>& late) {
  for (const auto& photo : late) {
    const auto sql = fmt::format(
        "update {}.{} set (photo_ids, photo_urls) = (select array_agg(i order by i), array_agg(u order by i)"
        " from unnest(photo_ids || $2::bigint, photo_urls || $3::text) as p(i, u)) where id = $1::bigint",
        next_schema, photo.table);
    const std::array<std::optional<std::string>, 3> parameters{std::to_string(photo.parent),
                                                               std::to_string(photo.id), photo.url};
    if (auto done = session.run(sql, parameters); !done) return done.error();
  }
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
