#include "etl/load_record.hpp"

#include <array>

namespace atelier::etl {

using parameter = std::optional<std::string>;

result<load_record> load_record::start(db::session& session, std::string_view mode) {
  const std::array<parameter, 1> values{std::string(mode)};
  const auto made = session.run("insert into atelier.loads (mode) values ($1) returning id", values);
  if (!made) return made.error();
  return load_record(std::string(made->text(0, 0)));
}

result<> load_record::note(db::session& session, const file_report& file,
                           std::optional<std::uint64_t> done_bytes) const {
  const auto& c = file.counts;
  const bool is_read = !file.sha256.empty();
  const std::array<parameter, 14> values{
      id_,
      file.file,
      std::string(shape_of(file.set).name),
      is_read ? parameter(std::to_string(file.bytes)) : std::nullopt,
      is_read ? parameter(file.sha256) : std::nullopt,
      is_read ? parameter(fmt::format("{:.3f}", file.seconds)) : std::nullopt,
      std::to_string(c.rows_read),
      std::to_string(c.loaded),
      std::to_string(c.repaired),
      std::to_string(c.rejected),
      std::to_string(c.duplicates),
      named_counts(c.repairs, repair_names),
      named_counts(c.rejects, reject_names),
      done_bytes ? parameter(std::to_string(*done_bytes)) : std::nullopt};
  const auto done = session.run(
      "insert into atelier.load_files as f (load_id, file, set_name, bytes, sha256, seconds, rows_read, "
      "loaded, repaired,"
      " rejected, duplicates, repairs, rejects, done_bytes)"
      " values ($1::bigint, $2, $3, $4::bigint, $5, $6::double precision, $7::bigint, $8::bigint, "
      "$9::bigint, $10::bigint,"
      " $11::bigint, $12::jsonb, $13::jsonb, $14::bigint)"
      " on conflict (load_id, file) do update set (bytes, sha256, seconds, rows_read, loaded, repaired, "
      "rejected, duplicates,"
      " repairs, rejects, done_bytes) = (excluded.bytes, excluded.sha256, excluded.seconds, "
      "excluded.rows_read,"
      " excluded.loaded, excluded.repaired, excluded.rejected, excluded.duplicates, excluded.repairs, "
      "excluded.rejects,"
      " coalesce(excluded.done_bytes, f.done_bytes))",
      values);
  if (!done) return done.error();
  return {};
}

result<> load_record::finish(db::session& session, const load_report& report,
                             const std::string& outcome) const {
  for (const auto& file : report.files)
    if (auto noted = note(session, file); !noted) return noted;
  const std::array<parameter, 2> values{id_, outcome};
  const auto done = session.run(
      "update atelier.loads set finished_at = clock_timestamp(), outcome = $2 where id = $1::bigint", values);
  if (!done) return done.error();
  return {};
}

}  // namespace atelier::etl
