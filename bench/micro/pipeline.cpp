// The queue of a pipelined connection: a turn of 32 reads, from waiting to answered.
#include "db/pipeline.hpp"

#include "bench/micro/cases.hpp"

#include <array>

namespace atelier::bench {
namespace {

std::size_t turn_of_reads() {
  static db::waiting_line line(64);
  static db::pipeline queue;
  static std::array<db::operation, 32> reads;
  for (auto& r : reads) {
    if (!line.push(r)) return 0;
  }
  const auto sent = queue.next_turn(line, true);
  std::size_t answered = 0;
  while (queue.awaits_server()) {
    if (queue.expects_answer())
      answered += queue.answered(db::pipeline::verdict::succeeded) != nullptr;
    else
      queue.synced(line);
  }
  return answered == reads.size() ? sent.size() : 0;
}

constexpr hot_path paths[] = {{"pipeline/ours", "32 reads pushed, sent, answered", turn_of_reads, 0}};

}  // namespace

std::span<const hot_path> pipeline_paths() { return paths; }

}  // namespace atelier::bench
