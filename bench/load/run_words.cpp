#include "bench/load/run_command.hpp"

#include <CLI/CLI.hpp>

namespace atelier::bench {

void add_load_options(CLI::App& command, run_words& w) {
  command.add_option("SCENARIO", w.scenario, "A ready scenario's name, or a JSON file");
  command.add_option("--get", w.get, "Ask for this one target instead")->type_name("TARGET");
  command.add_option("--url", w.url, "The server")->type_name("http://HOST:PORT")->capture_default_str();
  command
      .add_option("--confirm", w.confirm,
                  "Needed for a server that is not this machine: its address once more")
      ->type_name("HOST:PORT");
  command.add_option("--for", w.lasts, "How long, the warm-up apart")->type_name("TIME");
  command.add_option("--warm-up", w.warm_up, "Load before that, not counted")->type_name("TIME");
  command.add_flag("--poisson", w.poisson,
                   "Open loop: arrivals by chance, as many independent clients make them");
  command.add_option("--connections", w.connections, "Connections, opened before the load begins")
      ->type_name("N")
      ->check(CLI::Range(1, 60'000));
  command.add_option("--pipeline", w.pipeline, "Requests in flight on each")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command.add_option("--timeout", w.timeout, "For an answer; beyond, the request failed")->type_name("TIME");
  command.add_option("--set", w.changes, "Change a parameter of the scenario: products=1000011")
      ->type_name("NAME=NUMBER");
  command
      .add_option("--threshold", w.thresholds,
                  "One more: 'p99 < 20ms', 'errors < 1%', 'meta.max < 1s', 'rate > 900'")
      ->type_name("TEXT");
  command.add_option("--pid", w.pids, "Watch CPU and memory of a process and its descendants; repeatable")
      ->type_name("[NAME=]PID");
  command.add_option("--json", w.json, "Write everything for machines; - is stdout")->type_name("FILE");
  auto* html = command.add_option("--html", w.html, "Write one page with charts, complete in itself");
  html->type_name("FILE");
  command.add_option("--compare", w.compare, "Lay an earlier run's JSON over it in the page")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs(html);
  command.add_option("--seed", w.seed, "Another seed draws other ids")->capture_default_str();
  command
      .add_option("--max-time", w.max_time,
                  "Refuse a run that could take longer; a search begins no try that could end later")
      ->type_name("TIME")
      ->capture_default_str();
  command.add_flag("--quiet", w.quiet, "No progress, no table");
}

void add_loop_options(CLI::App& command, run_words& w) {
  auto* closed =
      command.add_flag("--closed", w.closed, "Closed loop: each connection asks again when it was answered");
  auto* rate =
      command.add_option("--rate", w.rate, "Open loop: requests a second, instead of the scenario's stages");
  auto* ramp = command.add_option("--ramp", w.ramp, "Open loop: from this rate evenly to that one");
  closed->excludes(command.get_option("--poisson"));
  command.add_option("--think", w.think, "Closed loop: pause after each answer")->type_name("TIME");
  rate->type_name("N")->check(CLI::PositiveNumber)->excludes(closed);
  ramp->type_name("FROM TO")->expected(2)->excludes(rate)->excludes(closed);
}

void add_search_options(CLI::App& command, run_words& w) {
  command.add_option("--from", w.from, "The first rate tried; doubled while it holds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--to", w.to, "Never more than this")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--precision", w.precision, "Stop when the rate is known to this share")
      ->check(CLI::Range(0.001, 0.5))
      ->capture_default_str();
}

}  // namespace atelier::bench
