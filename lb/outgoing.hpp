// Bytes on their way out: some written here, followed by a run that is sent from where it was received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::lb {

enum class sending : std::uint8_t {
  all,      // the kernel has everything
  blocked,  // it takes no more now
  broken,   // the connection is gone
};

struct outgoing {
  std::string text;
  std::size_t sent = 0;  // of text
  std::size_t run = 0;   // bytes to follow from the place that send() is told

  bool empty() const { return sent == text.size() && run == 0; }
  std::size_t text_bytes() const { return text.size() - sent; }
  void clear() {
    text.clear();
    sent = run = 0;
  }

  /// As many system calls as it takes, without waiting. `place` is where the run stands; `run_sent` is how
  /// much of it went.
  sending send(int socket, const char* place, std::size_t& run_sent, std::uint64_t& bytes_counter);

 private:
  void forget_sent();
};

}  // namespace atelier::lb
