// bench-micro: Google Benchmark over the hot paths; `bench-micro count NAME TIMES` runs one so many times,
// for callgrind.
#include "bench/micro/cases.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

using atelier::bench::hot_path;

std::vector<hot_path> all_paths() {
  std::vector<hot_path> all;
  for (const auto paths : {atelier::bench::head_paths(), atelier::bench::json_paths(),
                           atelier::bench::pipeline_paths(), atelier::bench::record_paths()})
    all.insert(all.end(), paths.begin(), paths.end());
  return all;
}

int count(std::string_view name, long times) {
  for (const auto& p : all_paths()) {
    if (p.name != name) continue;
    for (long i = 0; i < times; ++i) {
      if (p.once() == 0) return std::fprintf(stderr, "bench-micro: %s went wrong\n", p.name), 1;
    }
    return 0;
  }
  return std::fputs("bench-micro: there is no such path\n", stderr), 2;
}

int list() {
  for (const auto& p : all_paths()) std::printf("%s\t%s\n", p.name, p.about);
  return 0;
}

void time_of(benchmark::State& state, hot_path p) {
  for (auto _ : state) {
    auto some = p.once();
    if (some == 0) return state.SkipWithError("went wrong");
    benchmark::DoNotOptimize(some);
  }
  if (p.bytes > 0) state.SetBytesProcessed(static_cast<std::int64_t>(p.bytes) * state.iterations());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "count") == 0) return count(argv[2], std::atol(argv[3]));
  if (argc == 2 && std::strcmp(argv[1], "list") == 0) return list();
  for (const auto& p : all_paths()) benchmark::RegisterBenchmark(p.name, time_of, p);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
