#include "etl/append_batch.hpp"

#include "etl/next_tables.hpp"

#include <chrono>
#include <map>
#include <set>
#include <thread>

namespace atelier::etl {
namespace {

constexpr int lock_attempts = 120;  // each waits for writers for at most lock_timeout
constexpr auto pause_between = std::chrono::milliseconds(200);

constexpr std::string_view count_values =
    "update atelier.product_meta m set (characteristic_sums, characteristic_counts) ="
    " (select coalesce(array_agg(coalesce(v.s, 0) order by k.i), '{}'), coalesce(array_agg(coalesce(v.c, 0) "
    "order by k.i), '{}')"
    "  from unnest(m.characteristic_ids) with ordinality k(id, i) left join"
    "  (select characteristic_id, sum(value)::bigint as s, count(*) as c from atelier.characteristic_reviews"
    "   where product_id = m.product_id group by 1) v on v.characteristic_id = k.id)"
    " where m.product_id in (select product_id from touched)";

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out(text);
  for (auto at = out.find(what); at != std::string::npos; at = out.find(what, at + by.size()))
    out.replace(at, what.size(), by);
  return out;
}

// What reviews say has two parents; the characteristic is looked at before the batch.
std::size_t parent_column(set_kind set) { return set == set_kind::characteristic_reviews ? 2 : 1; }

result<> run_sql(db::session& session, const std::string& sql) {
  if (const auto done = session.run(sql); !done) return done.error();
  return {};
}

}  // namespace

result<append_batch> append_batch::start(run_state& run, db::session& work, db::session& side,
                                         const load_record& record, set_kind set, conflict what) {
  append_batch batch(run, work, side, record, set, what);
  if (auto made = run_sql(
          work, fmt::format("set client_min_messages = warning; drop table if exists pg_temp.stage;"
                            " create temp table stage (n integer, again boolean, {}) on commit delete rows",
                            batch.plan_->stage_types));
      !made)
    return made.error();
  return batch;
}

result<> append_batch::begin() {
  if (auto begun = run_sql(*work_, "begin"); !begun) return begun;
  auto writer = copy_writer::start(*work_, fmt::format("pg_temp.stage {}", plan_->stage_columns), false);
  if (!writer) return writer.error();
  writer_.emplace(std::move(*writer));
  return {};
}

result<copy_writer*> append_batch::add(std::uint32_t file, const record& r, const row& values) {
  if (!writer_)
    if (auto begun = begin(); !begun) return begun.error();
  const auto id = values.values[0].number;
  const auto parent = values.values[parent_column(plan_->set)].number;
  rows_.push_back(
      {file, r.line, r.offset, values.repairs, id, parent, raw_.size(), raw_.size() + r.raw.size()});
  raw_ += r.raw;
  auto columns = std::count(plan_->stage_columns.begin(), plan_->stage_columns.end(), ',') + 1;
  writer_->begin_row(static_cast<std::int16_t>(columns));
  writer_->int32(static_cast<std::int32_t>(rows_.size() - 1));
  writer_->boolean(settled_.contains(id));
  return &*writer_;
}

result<> append_batch::end_row() {
  writer_->end_row();
  if (rows_.size() < rows_max && raw_.size() < raw_bytes_max) return {};
  return settle();
}

result<> append_batch::finish() { return writer_ ? settle() : result<>{}; }

// Whoever takes the sequence's next value meanwhile must not get an id that is about to be ours: writers wait
// for the moment in which it moves. Rows without a parent are not to be ours. True if it had to move.
result<bool> append_batch::move_sequence(const std::string& verdicts) {
  std::int64_t largest = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i)
    if (verdicts[i] != 'o') largest = std::max(largest, rows_[i].id);
  if (plan_->sequence.empty() || largest <= sequence_at_) return false;
  constexpr std::string_view lock_not_available = "55P03";  // PostgreSQL manual, appendix A
  const auto sql = fmt::format(
      "begin; set local lock_timeout = '500ms'; lock table atelier.{1} in share row exclusive mode;"
      " select setval('atelier.{0}', greatest((select last_value from atelier.{0}), {2})); commit",
      plan_->sequence, plan_->table, largest);
  for (int attempt = 1;; ++attempt) {
    auto moved = run_sql(*side_, sql);
    if (moved) break;
    const bool locked_out = side_->sqlstate() == lock_not_available;
    (void)run_sql(*side_, "rollback");
    if (!locked_out || attempt == lock_attempts) return moved.error();
    std::this_thread::sleep_for(pause_between);
  }
  sequence_at_ = largest;
  return true;
}

// A verdict holds when no customer can be given the row's id any more. Where rows may have no parent, it
// takes one to know how far the sequence is to move.
result<> append_batch::judge(std::string& verdicts) {
  if (!plan_->has_parents)
    if (auto moved = move_sequence(std::string(rows_.size(), 'l')); !moved) return moved.error();
  for (;;) {
    if (auto asked = ask_for_verdicts(verdicts); !asked) return asked;
    const auto moved = move_sequence(verdicts);
    if (!moved) return moved.error();
    if (!*moved) return {};
  }
}

result<> append_batch::ask_for_verdicts(std::string& verdicts) {
  const bool updates = what_ == conflict::update;
  const auto judge = replaced(replaced(plan_->judge, "{there}", updates ? "u" : "d"), "{same}",
                              updates ? plan_->same : "false");
  if (auto judged = run_sql(
          *work_, "drop table if exists pg_temp.judged; create temp table judged on commit drop as " + judge);
      !judged)
    return judged;
  verdicts.assign(rows_.size(), 'l');
  const auto others = work_->run("select n, verdict from judged where verdict <> 'l'");
  if (!others) return others.error();
  for (std::size_t i = 0; i < others->size(); ++i)
    verdicts[static_cast<std::size_t>(others->number(i, 0))] = others->text(i, 1)[0];
  return {};
}

result<> append_batch::apply(const std::string& verdicts) {
  if (verdicts.find_first_of("lu") == std::string::npos) return {};
  auto statements = replaced(plan_->apply, "{count_values}", count_values);
  for (std::size_t at = 0; at < statements.size();) {
    const auto end = std::min(statements.find(';', at), statements.size());
    // One statement each, so that each sees what was committed before it, not before the first.
    if (auto done = run_sql(*work_, statements.substr(at, end - at)); !done) return done;
    at = end + 1;
  }
  return run_sql(*work_, std::string(empty_caches));
}

void append_batch::count(const std::string& verdicts) {
  const auto& columns = shape_of(plan_->set).columns;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto& w = rows_[i];
    auto& file = *run_->files()[w.file];
    --file.undecided;
    if (verdicts[i] == 'l' || verdicts[i] == 'u' || verdicts[i] == 's') {
      settled_.insert(w.id);
      run_->count_loaded(file, w.repairs);
      if (on_loaded) on_loaded(w.id);
      continue;
    }
    const bool orphan = verdicts[i] == 'o';
    const auto column = orphan ? parent_column(plan_->set) : 0;
    const auto text = std::to_string(orphan ? w.parent : w.id);
    run_->count_rejected(
        file, {w.line, w.offset, orphan ? reject::unknown_parent : reject::duplicate_id, columns[column].name,
               text, std::string_view(raw_).substr(w.raw_begin, w.raw_end - w.raw_begin)});
  }
}

// What the files will have come to when this batch is committed: all rows before the last one's end.
result<> append_batch::note_checkpoint() {
  std::set<std::uint32_t> files;
  for (const auto& w : rows_) files.insert(w.file);
  for (const auto index : files) {
    const auto& file = *run_->files()[index];
    std::uint64_t done = 0;
    for (const auto& w : rows_)
      if (w.file == index) done = w.offset + (w.raw_end - w.raw_begin);
    if (auto noted =
            record_->note(*work_, {file.of.from.shown, file.of.where.set, file.counts, 0, 0, ""}, done);
        !noted)
      return noted;
  }
  return {};
}

result<> append_batch::commit() {
  if (auto noted = note_checkpoint(); !noted) return noted;
  return run_sql(*work_, "commit");
}

result<> append_batch::settle() {
  auto copied = writer_->finish();
  writer_.reset();
  if (!copied) return copied.error();
  std::string verdicts;
  if (auto judged = judge(verdicts); !judged) return judged;
  if (auto applied = apply(verdicts); !applied) return applied;
  std::map<std::uint32_t, row_counts> before;
  for (const auto& w : rows_) before.try_emplace(w.file, run_->files()[w.file]->counts);
  count(verdicts);
  if (auto committed = commit(); !committed) {  // nothing of the batch is there: it is undecided as it was
    for (const auto& [file, counts] : before) run_->files()[file]->counts = counts;
    for (const auto& w : rows_) ++run_->files()[w.file]->undecided;
    return committed;
  }
  rows_.clear();
  raw_.clear();
  return {};
}

}  // namespace atelier::etl
