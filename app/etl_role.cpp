#include "app/program.hpp"
#include "core/log.hpp"
#include "etl/sample.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace atelier::app {
namespace {

int report(const failure& problem) {
  log::error("{}", problem.what);
  return static_cast<int>(problem.code);
}

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
      ->capture_default_str()
      ->check(CLI::Range(1L, 1'000'000'000L));
  command.add_option("--seed", options->seed, "Another seed gives other data")->capture_default_str();
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

}  // namespace

void add_etl(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand("etl", "Read, check and load the CSV files; make sample data");
  role.require_subcommand(1);
  add_sample(role, chosen);
}

}  // namespace atelier::app
