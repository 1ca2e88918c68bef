// How a line of the access log looks.
#include "core/access_log.hpp"

#include <fmt/format.h>

#include <ctime>
#include <iterator>
#include <utility>

namespace atelier {
namespace {

constexpr std::size_t value_bytes_max = 512;  // of a path or an id; what is longer is cut

bool looks_like_an_address(std::string_view text) {
  return text.find('@') != text.npos || text.find("%40") != text.npos;
}

class line {
 public:
  line(std::string& out, access_log_options::format as)
      : out_(out), json_(as == access_log_options::format::json) {
    if (json_) out_ += '{';
  }

  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    const bool cut = value.size() > value_bytes_max;
    if (cut) value = value.substr(0, value_bytes_max);
    const bool quoted = json_ || value.find_first_of(" \"=\\") != value.npos;
    if (quoted) out_ += '"';
    for (bool first = true; first || !value.empty(); first = false) {
      const auto slash = value.find('/', 1);
      const auto segment = value.substr(0, slash);
      value.remove_prefix(segment.size());
      if (looks_like_an_address(segment))
        out_ += segment.front() == '/' ? "/*" : "*";
      else
        plain(segment);
    }
    if (cut) out_ += "...";
    if (quoted) out_ += '"';
  }

  template <class T>
  void number(std::string_view name, T value) {
    key(name);
    fmt::format_to(std::back_inserter(out_), "{}", value);
  }

  void time(std::string_view name, std::chrono::nanoseconds took) {
    if (took.count() < 0) return;
    const auto microseconds = took.count() / 1000;
    key(name, "_ms");
    fmt::format_to(std::back_inserter(out_), "{}.{:03}", microseconds / 1000, microseconds % 1000);
  }

  void end() { out_ += json_ ? "}\n" : "\n"; }

 private:
  void key(std::string_view name, std::string_view unit = {}) {
    if (!std::exchange(first_, false)) out_ += json_ ? ',' : ' ';
    if (json_) out_ += '"';
    out_.append(name).append(unit);
    out_ += json_ ? "\":" : "=";
  }

  // The heads that we take hold no control characters in what is logged; this does not rely on it.
  void plain(std::string_view value) {
    for (const char c : value) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c < ' ' || c == 0x7f ? '?' : c;
    }
  }

  std::string& out_;
  const bool json_;
  bool first_ = true;
};

// 2020-07-30T03:41:21.467Z; the second's text is made once a second.
std::string_view time_text(std::chrono::system_clock::time_point now) {
  thread_local std::time_t written = -1;
  thread_local char text[] = "0000-00-00T00:00:00.000Z";
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto second = static_cast<std::time_t>(ms / 1000);
  if (second != written) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    written = second;
  }
  fmt::format_to(text + 20, "{:03}", ms % 1000);
  return {text, sizeof text - 1};
}

}  // namespace

void append_access_line(std::string& out, const access_entry& e, access_log_options::format as,
                        std::chrono::system_clock::time_point now) {
  line to(out, as);
  to.text("time", time_text(now));
  to.text("request_id", e.request_id);
  to.text("trace_id", e.trace_id);
  to.text("client", e.client);
  to.text("method", e.method);
  to.text("path", e.path);
  to.number("status", e.status);
  to.text("ended", e.ended);
  to.number("received_bytes", e.received_bytes);
  to.number("sent_bytes", e.sent_bytes);
  for (const auto& p : e.phases) to.time(p.name, p.took);
  for (const auto& w : e.more) to.text(w.name, w.value);
  to.end();
}

}  // namespace atelier
