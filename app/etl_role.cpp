#include "app/option_types.hpp"
#include "app/program.hpp"
#include "core/log.hpp"
#include "etl/load.hpp"
#include "etl/read_table.hpp"
#include "etl/sample.hpp"

#include <limits>
#include <memory>

namespace atelier::app {
namespace {

// "2%" and "2" are both two of a hundred.
std::optional<double> percent(std::string text) {
  if (text.ends_with('%')) text.pop_back();
  double value = 0;
  if (!CLI::detail::lexical_cast(text, value) || !(value >= 0 && value <= 100)) return std::nullopt;
  return value;
}

int run_sample(const etl::sample_options& options) {
  log::open("etl");
  const auto made = etl::write_sample(options);
  if (!made) return report(made.error());
  log::info("made the sample folder={} products={} rows={} seed={}", options.directory, options.products,
            made->rows, options.seed);
  return 0;
}

void add_sample(CLI::App& role, action& chosen) {
  auto& command =
      *role.add_subcommand("sample", "Make the seven CSV files of a data set, the same for the same seed");
  const auto options = std::make_shared<etl::sample_options>();
  command.add_option("DIR", options->directory, "Folder for the files; made if it is not there")->required();
  command.add_option("--products", options->products, "How many products")
      ->type_name("N")
      ->capture_default_str()
      ->check(between(1L, 1'000'000'000L));
  command.add_option("--seed", options->seed, "Another seed gives other data")
      ->type_name("N")
      ->check(between(std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  command
      .add_option_function<std::string>(
          "--unreliable",
          [options](const std::string& text) { options->unreliable_share = *percent(text) / 100; },
          "Damage this share of the rows as real files are damaged, 0% to 100%")
      ->check([](const std::string& text) {
        return percent(text) ? "" : "'" + text + "' is no share; write for instance 2%";
      })
      ->type_name("P%");
  command.callback([&chosen, options] { chosen = [options] { return run_sample(*options); }; });
}

int run_load(const etl::load_options& options, bool with_database) {
  log::open("etl");
  if (with_database) warn_of_password(options.conninfo);
  const auto done = with_database ? etl::load(options) : etl::check(options);
  if (!done) return report(done.error());
  fmt::print("{}", etl::to_table(*done));
  return 0;
}

std::string wrong_limit(const std::string& text) {
  return etl::parse_reject_limit(text)
             ? ""
             : "'" + text + "' is no limit; write a number of rows, or a share such as 5%";
}

void add_common(CLI::App& command, const std::shared_ptr<etl::load_options>& options,
                const char* limit_about) {
  command
      .add_option("SOURCE", options->sources,
                  "A folder with the CSV files, a file, a glob, -, http(s)://… or s3://bucket/prefix")
      ->required();
  command
      .add_option_function<std::string>(
          "--max-rejects",
          [options](const std::string& text) { options->max_rejects = *etl::parse_reject_limit(text); },
          limit_about)
      ->check(wrong_limit)
      ->type_name("N|P%");
  command
      .add_option("--jobs", options->jobs,
                  "How many files and indexes to work on at the same time; by default one a processor")
      ->type_name("N")
      ->check(between(1, 64));
  command.add_option("--report", options->report, "Write the figures of every file as JSON")
      ->type_name("FILE");
}

void add_load(CLI::App& role, action& chosen) {
  auto& command = *role.add_subcommand(
      "load", "Load the CSV files into PostgreSQL beside the data that serve, then switch");
  const auto options = std::make_shared<etl::load_options>();
  add_common(
      command, options,
      "More rejected rows than this, or than this share, and nothing is published, exit 3 (default 5%)");
  add_database(command, options->conninfo);
  command
      .add_option_function<std::string>(
          "--mode",
          [options](const std::string& mode) {
            options->mode = mode == "append" ? etl::load_mode::append : etl::load_mode::replace;
          },
          "replace: the new data take the place of the old; append: they are added to them; without either "
          "only "
          "an empty database is loaded")
      ->check(one_of("replace|append"))
      ->type_name("replace|append");
  auto* const on_conflict =
      command
          .add_option_function<std::string>(
              "--on-conflict",
              [options](const std::string& what) {
                options->on_conflict = what == "update" ? etl::conflict::update : etl::conflict::skip;
              },
              "What append does with a row whose id is there already: skip, which is the default, or update")
          ->check(one_of("skip|update"))
          ->type_name("skip|update");
  command.add_flag("--partial", options->partial,
                   "Load though some of the seven sets are missing; those are left empty");
  command
      .add_option("--rejects", options->rejects, "Folder for the rows that were not loaded and the reasons")
      ->type_name("DIR");
  command.callback([&chosen, options, on_conflict] {
    if (on_conflict->count() > 0 && options->mode != etl::load_mode::append)
      throw CLI::ValidationError("--on-conflict is for --mode append: add that, or leave --on-conflict out");
    chosen = [options] { return run_load(*options, true); };
  });
}

void add_check(CLI::App& role, action& chosen) {
  auto& command =
      *role.add_subcommand("check", "Read and clean the CSV files as load does, without a database");
  const auto options = std::make_shared<etl::load_options>();
  options->max_rejects = {};
  add_common(command, options,
             "More rejected rows than this, or than this share, and the exit code is 3 (default: no limit)");
  command.callback([&chosen, options] { chosen = [options] { return run_load(*options, false); }; });
}

// One byte, written as itself or as \t; an empty text is none.
std::optional<char> sign(const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "\\t") return '\t';
  return text.size() == 1 ? std::optional(text[0]) : std::nullopt;
}

std::string with_tabs(std::string text) {
  for (auto at = text.find("\\t"); at != std::string::npos; at = text.find("\\t", at))
    text.replace(at, 2, "\t");
  return text;
}

int run_read(const etl::read_options& options) {
  log::open("etl");
  const auto done = etl::read_table(options, [](std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  });
  if (!done) return report(done.error());
  if (std::fflush(stdout) != 0)
    return report(
        fail("the table cannot be written to standard output: its reader has gone, or its disk is full; make "
             "room and start again"));
  return 0;
}

void add_read(CLI::App& role, action& chosen) {
  auto& command = *role.add_subcommand(
      "read",
      "Print any CSV file as clean RFC 4180: UTF-8, commas, double quotes; what is not given is detected");
  const auto options = std::make_shared<etl::read_options>();
  command
      .add_option("FILE", options->file, "A file, -, http(s)://… or s3://…; gzip, zstd and zip are unpacked")
      ->required();
  command.add_option("--member", options->member, "Which file of a zip file; by default the only one")
      ->type_name("NAME");
  const auto one_sign = [](const std::string& text) {
    return sign(text) ? "" : "'" + text + "' is more than one byte: write one, or \\t";
  };
  command
      .add_option_function<std::string>(
          "--delimiter", [options](const std::string& text) { options->written.delimiter = with_tabs(text); },
          "What stands between two cells, one byte or more; \\t is a tab")
      ->check([](const std::string& text) {
        return text.empty() ? "'" + text + "' is no delimiter: write one byte or more, or \\t" : "";
      })
      ->type_name("C");
  command
      .add_option_function<std::string>(
          "--quote", [options](const std::string& text) { options->written.quote = *sign(text); },
          "What stands round a text; '' is none")
      ->check(one_sign)
      ->type_name("C");
  command
      .add_option_function<std::string>(
          "--escape", [options](const std::string& text) { options->written.escape = *sign(text); },
          "What stands before a quote inside a text; '' is none")
      ->check(one_sign)
      ->type_name("C");
  command
      .add_option("--header-lines", options->header_lines,
                  "Records of the header, joined cell by cell; 0: there is none")
      ->check(between(0, 1000))
      ->type_name("N");
  command.add_option("--skip-lines", options->skip_lines, "Lines before the table")
      ->check(between(0, 1'000'000))
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--encoding", [options](const std::string& name) { options->stored = etl::encoding_of_name(name); },
          "utf-8, utf-16, utf-16le, utf-16be, latin1 or windows-1252")
      ->check([](const std::string& name) {
        return etl::encoding_of_name(name) ? ""
                                           : "'" + name +
                                                 "' is no encoding that is known here: write utf-8, utf-16, "
                                                 "utf-16le, utf-16be, latin1 or windows-1252";
      })
      ->type_name("NAME");
  command.callback([&chosen, options] { chosen = [options] { return run_read(*options); }; });
}

}  // namespace

void add_etl(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand("etl", "Read, check and load the CSV files; make sample data");
  role.require_subcommand(1);
  add_load(role, chosen);
  add_check(role, chosen);
  add_read(role, chosen);
  add_sample(role, chosen);
}

}  // namespace atelier::app
