// The hot paths, each a function that does its work once. Run by Google Benchmark for time, or so many times
// over for callgrind.
#pragma once

#include <cstddef>
#include <span>

namespace atelier::bench {

struct hot_path {
  const char* name;  // "head/ours"; a peer of it has the same first word
  const char* about;
  std::size_t (
      *once)();  // returns something of its result, so that it cannot be left out; 0 means that it went wrong
  std::size_t bytes;  // read or written by one run; 0: not counted
};

std::span<const hot_path> head_paths();
std::span<const hot_path> json_paths();
std::span<const hot_path> pipeline_paths();
std::span<const hot_path> record_paths();

}  // namespace atelier::bench
