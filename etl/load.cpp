#include "etl/load.hpp"

#include "core/log.hpp"
#include "etl/append.hpp"
#include "etl/built_on.hpp"
#include "etl/load_questions.hpp"
#include "etl/load_reviews.hpp"
#include "etl/next_tables.hpp"
#include "etl/progress.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace atelier::etl {
namespace {

using part = result<> (*)(run_state&, part_target&);

// Where all parts go; without a database nothing is built.
struct load_target {
  std::string conninfo;
  build_pool pool;
  largest_ids largest;
};

// Runs one part; a failure stops the other.
result<> run_part(part work, run_state& run, load_target* target, part_target& to) {
  if (target) {
    to.conninfo = &target->conninfo;
    to.pool = &target->pool;
  }
  auto done = work(run, to);
  if (!done) run.stop();
  return done;
}

// The first failure is why the others were stopped.
bool was_stopped(const result<>& done) { return !done && done.error().what.starts_with("stopped because"); }

result<> first_failure(const result<>& of_part, load_target* target) {
  if (was_stopped(of_part) && target)
    if (auto built = target->pool.finish(); !built) return built;
  return of_part;
}

// Reviews and questions have nothing in common, so they may run side by side.
result<> run_parts(run_state& run, load_target* target, unsigned jobs) {
  part_target of_reviews, of_questions;
  result<> questions;
  const auto ask = [&] { questions = run_part(load_questions, run, target, of_questions); };
  std::thread beside;
  if (jobs > 1) beside = std::thread(ask);
  auto reviews = run_part(load_reviews, run, target, of_reviews);
  if (beside.joinable())
    beside.join();
  else if (reviews)
    ask();
  if (!reviews && !(was_stopped(reviews) && !questions)) return first_failure(reviews, target);
  if (!questions) return first_failure(questions, target);
  if (auto limit = run.over_limit(true)) return *limit;
  if (!target) return {};
  if (auto built = target->pool.finish(); !built) return built;
  target->largest = of_reviews.largest;
  target->largest.question = of_questions.largest.question;
  target->largest.answer = of_questions.largest.answer;
  target->largest.answer_photo = of_questions.largest.answer_photo;
  if (auto put = of_reviews.late.put_in(); !put) return put;
  return of_questions.late.put_in();
}

// Holds of a run that was stopped too; why it was is still what is told.
result<> assert_identity(const run_state& run, const result<>& done) {
  for (const auto& file : run.report(done.has_value()).files) {
    if (file.counts.is_exact()) continue;
    auto wrong = fail(
        "'{}': the figures do not add up: {} rows read, but {} loaded, {} repaired, {} rejected, {} "
        "duplicates; this is an error of this "
        "program, and nothing was published: report it with --report's file",
        file.file, file.counts.rows_read, file.counts.loaded, file.counts.repaired, file.counts.rejected,
        file.counts.duplicates);
    if (done) return wrong;
    log::error("{}", wrong.what);
  }
  return done;
}

result<> want_all_sets(const run_state& run, bool partial) {
  std::vector<std::string_view> missing;
  for (const auto& shape : all_sets())
    if (!run.has(shape.kind)) missing.push_back(shape.name);
  if (missing.empty()) return {};
  if (!partial)
    return fail("there is no file for {}; give it, or --partial to leave that empty",
                fmt::join(missing, ", "));
  log::warning("left empty, since there is no file for it: {}", fmt::join(missing, ", "));
  return {};
}

result<load_report> finish(run_state& run, const load_options& options, bool publishes, const result<>& done,
                           std::chrono::steady_clock::time_point begun) {
  auto report = run.report(done.has_value());
  report.published = publishes && done.has_value();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (!options.report.empty())
    if (auto written = write_report(report, options.report); !written && done) return written.error();
  if (!done) return done.error();
  return report;
}

}  // namespace

unsigned usual_jobs() { return std::clamp(std::thread::hardware_concurrency(), 2U, 16U); }

result<load_report> check(const load_options& options) {
  const auto begun = std::chrono::steady_clock::now();
  const bool is_seen = !options.report.empty();  // what nobody sees would be a third of the time
  if (is_seen)
    if (auto ready = prepare_report(options.report); !ready) return ready.error();
  auto inputs = find_inputs(options.sources, is_seen);
  if (!inputs) return inputs.error();
  run_state run(std::move(*inputs), {}, options.max_rejects);
  progress shown(run);
  auto done = run_parts(run, nullptr, options.jobs);
  shown.stop();
  done = assert_identity(run, done);
  return finish(run, options, false, done, begun);
}

namespace {

result<load_report> replace(run_state& run, load_lock& lock, const load_options& options,
                            std::chrono::steady_clock::time_point begun) {
  if (auto free = nothing_is_built_on(lock.session()); !free) return free.error();
  if (auto ready = lock.begin(); !ready) return ready.error();
  const auto record = load_record::start(lock.session(), "replace");
  if (!record) return record.error();
  run.remove_earlier_rejects();
  load_target target{options.conninfo, {options.conninfo, options.jobs, [&run] { run.stop(); }}, {}};
  progress shown(run);
  auto done = run_parts(run, &target, options.jobs);
  shown.stop();
  done = assert_identity(run, done);
  if (done) done = lock.publish(target.largest, *record, run.report(true));
  if (!done) {
    target.pool.abandon();
    lock.give_up();
    (void)record->finish(lock.session(), run.report(false), done.error().what);
  }
  return finish(run, options, true, done, begun);
}

result<load_report> append(run_state& run, load_lock& lock, const load_options& options,
                           std::chrono::steady_clock::time_point begun) {
  const auto record = load_record::start(lock.session(), "append");
  if (!record) return record.error();
  run.remove_earlier_rejects();
  progress shown(run);
  auto done = append_files(run, options.conninfo, lock.session(), *record, options.on_conflict);
  shown.stop();
  if (auto limit = run.over_limit(true); limit && done) done = *limit;
  done = assert_identity(run, done);
  if (auto noted = record->finish(lock.session(), run.report(done.has_value()),
                                  done ? "published" : done.error().what);
      !noted && done)
    done = noted;
  return finish(run, options, true, done, begun);
}

}  // namespace

result<load_report> load(const load_options& options) {
  const auto begun = std::chrono::steady_clock::now();
  const bool appends = options.mode == load_mode::append;
  auto inputs = find_inputs(options.sources);
  if (!inputs) return inputs.error();
  if (!options.report.empty())
    if (auto ready = prepare_report(options.report); !ready) return ready.error();
  if (!options.rejects.empty())
    if (auto ready = prepare_reject_folder(options.rejects); !ready) return ready.error();
  run_state run(std::move(*inputs), options.rejects, options.max_rejects,
                appends ? "what was added before stays" : "nothing was published");
  if (auto spared = run.spare_inputs(); !spared) return spared.error();
  if (!appends)
    if (auto all = want_all_sets(run, options.partial); !all) return all.error();

  auto lock = load_lock::take(options.conninfo);
  if (!lock) return lock.error();
  if (auto removed = lock->remove_leftovers(); !removed) return removed.error();
  if (appends) return append(run, *lock, options, begun);
  if (options.mode == load_mode::not_said) {
    const auto has_data = lock->has_data();
    if (!has_data) return has_data.error();
    if (*has_data)
      return fail_with(exit_code::wrong_usage,
                       "there are data already: say --mode replace to put the new ones in their place, or "
                       "--mode append to "
                       "add them");
  }
  return replace(run, *lock, options, begun);
}

}  // namespace atelier::etl
