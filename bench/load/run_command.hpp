// `run` and `search`: from the words of the command line to an exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace atelier::bench {

/// The options as they were typed; empty: what the scenario says.
struct run_words {
  std::string scenario, get;
  std::string url = "http://127.0.0.1:8080", confirm;
  double rate = 0;
  std::vector<double> ramp;  // from, to
  std::string lasts, warm_up, think, timeout;
  bool closed = false, poisson = false, quiet = false;
  std::size_t connections = 0, pipeline = 0;
  std::vector<std::string> changes, thresholds, pids;
  std::string json, html, compare, max_time = "24h";
  std::uint64_t seed = 1;
  double from = 100, to = 1'000'000, precision = 0.03;  // search only
};

void add_load_options(CLI::App& command, run_words& w);  // of both
void add_loop_options(CLI::App& command,
                      run_words& w);  // of `run`: a search's loop is open, at rates of its own
void add_search_options(CLI::App& command, run_words& w);

int run_once(const run_words& w);
int run_search(const run_words& w);

}  // namespace atelier::bench
