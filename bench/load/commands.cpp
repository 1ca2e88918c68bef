#include "bench/load/commands.hpp"

#include "bench/load/embedded.hpp"
#include "bench/load/report_html.hpp"
#include "bench/load/run_command.hpp"
#include "bench/load/scenario.hpp"

#include <CLI/CLI.hpp>

namespace atelier::bench {
namespace {

constexpr auto about =
    "HTTP load for one server, measured honestly: in an open loop every request has a time at which it is "
    "meant to start,\n"
    "and its latency counts from then, also when the server (or we) could not keep up.";

constexpr auto examples = R"(Examples:
  atelier-bench list                                  the ready scenarios
  atelier-bench run seed --url http://127.0.0.1:8080  1,500 reads a second; ends with code 3 if a threshold is missed
  atelier-bench run --get '/reviews/?product_id=5' --rate 2000 --for 30s --threshold 'p99 < 20ms'
  atelier-bench run reads --closed --connections 256 --pipeline 4 --set products=1000011
  atelier-bench run mixed --pid api=1234 --json now.json --html now.html --compare before.json
  atelier-bench search stress --from 500 --to 50000   the highest rate that holds the scenario's thresholds
  atelier-bench report now.json before.json --html both.html
  atelier-bench show mixed > mine.json                begin a scenario of your own (docs/benchmarking.md)

Percentiles are at most 0.2 % off. One thread: start several for more than one core can offer; a run says when that, not the
server, was the limit. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a threshold was missed.)";

int list() {
  for (const auto& name : ready_scenarios()) {
    const auto s = parse_scenario(*embedded(name + ".json"));
    fmt::print("{:<12} {}\n", name, s ? s->about : s.error().what);
  }
  return 0;
}

int show(const std::string& name) {
  const auto text = embedded(name + ".json");
  if (!text) {
    fmt::print(stderr, "atelier-bench: there is no ready scenario '{}'; there are: {}\n", name,
               fmt::join(ready_scenarios(), ", "));
    return 2;
  }
  fmt::print("{}", *text);
  return 0;
}

}  // namespace

int run_program(int argc, char** argv) {
  CLI::App program(about, "atelier-bench");
  program.footer(examples);
  program.require_subcommand(1);
  int code = 0;

  run_words run_with, search_with;
  auto& run = *program.add_subcommand("run", "Run a scenario, or one target with --get");
  add_load_options(run, run_with);
  add_loop_options(run, run_with);
  run.callback([&] { code = run_once(run_with); });

  auto& search = *program.add_subcommand(
      "search", "Find the highest rate at which the scenario's thresholds hold, by bisection");
  add_load_options(search, search_with);
  add_search_options(search, search_with);
  search.callback([&] { code = run_search(search_with); });

  std::string name;
  program.add_subcommand("list", "Name the ready scenarios")->callback([&] { code = list(); });
  auto& showing = *program.add_subcommand("show", "Print a ready scenario, to begin one of your own");
  showing.add_option("NAME", name, "One of the list")->required();
  showing.callback([&] { code = show(name); });

  std::string html;
  std::vector<std::string> files;
  auto& report = *program.add_subcommand(
      "report", "Draw the page of a run that was kept as JSON; a second one is laid over it");
  report.add_option("FILE", files, "What --json wrote; one or two")->required()->expected(1, 2);
  report.add_option("--html", html, "The page to write")->required();
  report.callback([&] { code = draw_report(files, html); });

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? 0 : 2;
  }
  return code;
}

}  // namespace atelier::bench
