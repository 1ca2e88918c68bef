#include "bench/load/engine.hpp"

#include "bench/load/connection.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <queue>

namespace atelier::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t examples_max = 8;
constexpr nanoseconds reconnect_pause = 100ms;
constexpr nanoseconds look_for_timeouts_every = 20ms;
constexpr std::size_t turn_arrivals_max = 256;  // started before answers are looked at again

nanoseconds thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + nanoseconds(t.tv_nsec);
}

nanoseconds monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

// What is written of a request, apart from its holes.
struct prepared_kind {
  std::string before;  // "GET "
  std::string after;   // " HTTP/1.1\r\nHost: …\r\n"
  std::vector<int> remembered;
  std::uint64_t asked = 0;
  bool is_head = false, keep_head = false;
};

class engine {
 public:
  engine(const scenario& what, const run_options& options)
      : what_(what),
        options_(options),
        values_(what.values, options.seed),
        chance_(options.seed ^ 0x5bd1e995),
        result_{.figures = recorder(what.requests.size()), .examples = {}},
        buffer_(256 * 1024) {
    double sum = 0;
    for (const auto& r : what.requests) {
      weights_.push_back(sum += r.weight);
      prepared_kind k;
      k.before = r.method + ' ';
      k.after = " HTTP/1.1\r\nHost: " + options.host + "\r\n" + r.headers;
      k.remembered = expectation_numbers(r.expects);
      k.is_head = r.method == "HEAD";
      k.keep_head = !r.expects.headers.empty();
      kinds_.push_back(std::move(k));
    }
    connections_.reserve(what.connections);
    for (std::size_t i = 0; i < what.connections; ++i) connections_.emplace_back(what.pipeline);
  }

  ~engine() {
    for (auto& c : connections_) {
      if (c.socket >= 0) ::close(c.socket);
    }
    if (epoll_ >= 0) ::close(epoll_);
  }

  engine(const engine&) = delete;

  result<run_result> run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return fail("epoll: {}", std::strerror(errno));
    if (auto made = connect_all(); !made) return made.error();
    begin_ = monotonic() + what_.warm_up + 1ms;
    now_ = monotonic() - begin_;
    end_ = length_of(what_.stages);
    plan_arrivals();
    if (!what_.is_open) {
      for (std::size_t i = 0; i < connections_.size(); ++i) fill(i);
    }
    loop();
    return std::move(result_);
  }

 private:
  // ---- time
  // ---------------------------------------------------------------------------------------------------------

  void plan_arrivals() {
    if (!what_.is_open) return;
    auto stages = what_.stages;
    if (what_.warm_up.count() > 0)
      stages.insert(stages.begin(),
                    {what_.warm_up, std::max(1.0, stages[0].from), std::max(1.0, stages[0].from)});
    arrivals_.emplace(std::move(stages), what_.pacing, options_.seed);
    next_arrival();
  }

  void next_arrival() {
    const auto next = arrivals_->next();
    due_ = next ? std::optional(*next - what_.warm_up) : std::nullopt;
  }

  void loop() {
    nanoseconds next_second = 1s, next_look{0}, cpu_begin{0};
    bool began = false;
    for (;;) {
      now_ = monotonic() - begin_;
      if (!began && now_.count() >= 0) {
        began = true;
        if (options_.at_beginning) options_.at_beginning();
        cpu_begin = thread_cpu();
      }
      if (options_.stop && options_.stop->load(std::memory_order_relaxed) && !result_.stopped) {
        result_.stopped = true;
        end_ = std::min(end_, now_);
        due_.reset();
      }
      if (what_.is_open)
        start_due();
      else
        wake_thinkers();
      flush_dirty();
      if (now_ >= next_look) {
        look_for_timeouts();
        next_look = now_ + look_for_timeouts_every;
      }
      if (began && now_ >= next_second) {
        const auto& m = result_.figures.close_moment(now_, in_flight_, waiting_.size());
        if (options_.each_second) options_.each_second(m);
        next_second += 1s;
      }
      if (now_ >= end_ && result_.lasted.count() == 0) {
        result_.lasted = std::max<nanoseconds>(now_, 1ns);
        result_.own_cpu = thread_cpu() - cpu_begin;
        abandon_at_ = now_ + what_.timeout;
      }
      if (now_ >= end_ && is_over()) break;
      wait_for_events(std::min(next_second, next_look));
      flush_dirty();
    }
    give_up_all();
    if (now_ > next_second - 1s + 50ms) result_.figures.close_moment(now_, 0, 0);
  }

  bool is_over() const {
    if (now_ >= abandon_at_ || (result_.stopped && in_flight_ == 0)) return true;
    return in_flight_ == 0 && waiting_.empty() && (!what_.is_open || !due_);
  }

  void wait_for_events(nanoseconds latest) {
    auto until = latest;
    if (due_) until = std::min(until, *due_);
    if (!thinkers_.empty()) until = std::min(until, thinkers_.top().first);
    const auto pause = std::max<nanoseconds>(until - (monotonic() - begin_), 0ns);
    const timespec limit{static_cast<time_t>(pause.count() / 1'000'000'000),
                         static_cast<long>(pause.count() % 1'000'000'000)};
    epoll_event events[512];
    const int n = epoll_pwait2(epoll_, events, 512, &limit, nullptr);
    if (n <= 0) return;
    now_ = monotonic() - begin_;
    for (int i = 0; i < n; ++i) on_event(events[i].data.u32, events[i].events);
  }

  // ---- starting requests
  // ----------------------------------------------------------------------------------------------

  void start_due() {
    std::size_t turn = 0;
    while (due_ && *due_ <= now_ && turn++ < turn_arrivals_max) {
      const auto intended = *due_;
      next_arrival();
      result_.figures.started(intended);
      if (intended.count() >= 0) result_.figures.late(now_ - intended);
      if (waiting_.empty() && start_on_free(intended)) continue;
      if (waiting_.size() < what_.waiting_max)
        waiting_.push_back(intended);
      else
        ended({.kind = pick_kind(), .why = fault::not_started, .intended = intended, .ended = now_});
    }
  }

  bool start_on_free(nanoseconds intended) {
    while (!free_.empty()) {
      const auto i = free_.front();
      auto& c = connections_[i];
      free_.pop_front();
      c.is_free = false;
      if (c.now != connection::stage::open || c.in_flight.is_full()) continue;
      start(i, intended);
      if (!c.in_flight.is_full()) offer(i);
      return true;
    }
    return false;
  }

  // A connection has room: for who waits, or it stands in line.
  void offer(std::size_t i) {
    auto& c = connections_[i];
    while (!waiting_.empty() && c.now == connection::stage::open && !c.in_flight.is_full()) {
      const auto intended = waiting_.front();
      waiting_.pop_front();
      start(i, intended);
    }
    if (c.is_free || c.now != connection::stage::open || c.in_flight.is_full()) return;
    c.is_free = true;
    free_.push_back(i);
  }

  // Closed loop: as many requests as the connection may have in flight.
  void fill(std::size_t i) {
    auto& c = connections_[i];
    while (c.now == connection::stage::open && !c.in_flight.is_full() && now_ < end_) {
      result_.figures.started(now_);
      start(i, now_);
    }
  }

  void wake_thinkers() {
    while (!thinkers_.empty() && thinkers_.top().first <= now_) {
      const auto i = thinkers_.top().second;
      thinkers_.pop();
      auto& c = connections_[i];
      if (c.now == connection::stage::open && !c.in_flight.is_full() && now_ < end_) {
        result_.figures.started(now_);
        start(i, now_);
      }
    }
  }

  std::size_t pick_kind() {
    if (weights_.size() == 1) return 0;
    const double mark = chance_.unit() * weights_.back();
    return static_cast<std::size_t>(std::upper_bound(weights_.begin(), weights_.end() - 1, mark) -
                                    weights_.begin());
  }

  void start(std::size_t i, nanoseconds intended) {
    auto& c = connections_[i];
    const auto kind = pick_kind();
    auto& k = kinds_[kind];
    const auto& r = what_.requests[kind];
    sent_request sent{.kind = kind, .intended = intended, .sent = now_};
    sent.look_inside = !r.expects.members.empty() && k.asked++ % r.expects.every == 0;
    values_.forget();
    c.out += k.before;
    values_.append(r.target, c.out);
    c.out += k.after;
    if (r.has_body) {
      body_.clear();
      values_.append(r.body, body_);
      fmt::format_to(std::back_inserter(c.out), "Content-Length: {}\r\n\r\n", body_.size());
      c.out += body_;
    } else {
      c.out += r.method == "GET" || k.is_head ? "\r\n" : "Content-Length: 0\r\n\r\n";
    }
    for (std::size_t n = 0; n < k.remembered.size(); ++n) sent.numbers[n] = values_.number(k.remembered[n]);
    c.in_flight.push(sent);
    ++in_flight_;
    mark_dirty(i);
  }

  void mark_dirty(std::size_t i) {
    if (connections_[i].is_dirty) return;
    connections_[i].is_dirty = true;
    dirty_.push_back(i);
  }

  void flush_dirty() {
    for (std::size_t n = 0; n < dirty_.size(); ++n) {  // may grow while a lost connection is mended
      connections_[dirty_[n]].is_dirty = false;
      write_out(dirty_[n]);
    }
    dirty_.clear();
  }

  // ---- sockets
  // --------------------------------------------------------------------------------------------------------

  result<> connect_all() {
    now_ = nanoseconds(0);
    begin_ = monotonic();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connect(i);
      if (i % 128 == 127) wait_for_events(now_ + 1ms);  // the backlog of a listener is short
    }
    const auto limit = std::max<nanoseconds>(what_.timeout, 5s);
    const auto is_connecting = [](const connection& c) { return c.now == connection::stage::connecting; };
    while (std::any_of(connections_.begin(), connections_.end(), is_connecting) &&
           monotonic() - begin_ < limit)
      wait_for_events(monotonic() - begin_ + 10ms);
    const auto is_open = [](const connection& c) { return c.now == connection::stage::open; };
    const auto open = std::count_if(connections_.begin(), connections_.end(), is_open);
    if (open == 0)
      return fail("no connection to {}:{} could be made ({}); does the server run there?",
                  options_.target.address().to_string(), options_.target.port(),
                  connect_error_.empty() ? "no answer" : connect_error_);
    return {};
  }

  void connect(std::size_t i) {
    auto& c = connections_[i];
    const int family = options_.target.protocol().family();
    c.socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c.socket < 0) return connect_failed(i, errno);
    const int on = 1;
    setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++result_.connections_opened;
    c.now = connection::stage::connecting;
    c.connect_begun = now_;
    c.wants_to_write = true;
    epoll_event e{.events = EPOLLIN | EPOLLOUT, .data = {.u32 = static_cast<std::uint32_t>(i)}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.socket, &e);
    if (::connect(c.socket, options_.target.data(), static_cast<socklen_t>(options_.target.size())) == 0)
      connected(i);
    else if (errno != EINPROGRESS)
      connect_failed(i, errno);
  }

  void connected(std::size_t i) {
    auto& c = connections_[i];
    c.now = connection::stage::open;
    c.was_useful = false;
    watch(i, false);
    if (what_.is_open)
      offer(i);
    else if (end_.count() > 0)
      fill(i);
  }

  void connect_failed(std::size_t i, int error) {
    connect_error_ = std::strerror(error);
    example(fmt::format("connect: {}", connect_error_));
    forget_socket(i);
    connections_[i].retry_at = now_ + reconnect_pause;
    // Nobody's request was lost; but while no connection at all can be made, arrivals time out as they wait.
    if (!what_.is_open && end_.count() > 0 && now_ < end_) {
      result_.figures.started(now_);
      ended({.kind = 0, .why = fault::connect, .intended = now_, .ended = now_});
    }
  }

  void forget_socket(std::size_t i) {
    auto& c = connections_[i];
    if (c.socket >= 0) ::close(c.socket);
    c.socket = -1;
    c.now = connection::stage::closed;
    c.out.clear();
    c.written = 0;
    c.reading = false;
  }

  void watch(std::size_t i, bool write) {
    auto& c = connections_[i];
    if (c.wants_to_write == write) return;
    c.wants_to_write = write;
    epoll_event e{.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN,
                  .data = {.u32 = static_cast<std::uint32_t>(i)}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, c.socket, &e);
  }

  void write_out(std::size_t i) {
    auto& c = connections_[i];
    while (c.now == connection::stage::open && c.written < c.out.size()) {
      const auto n = ::send(c.socket, c.out.data() + c.written, c.out.size() - c.written, MSG_NOSIGNAL);
      if (n >= 0) {
        c.written += static_cast<std::size_t>(n);
      } else if (errno == EAGAIN) {
        return watch(i, true);
      } else if (errno != EINTR) {
        return lose(i, fault::lost, std::strerror(errno));
      }
    }
    if (c.now != connection::stage::open) return;
    c.out.clear();
    c.written = 0;
    watch(i, false);
  }

  void on_event(std::size_t i, std::uint32_t events) {
    auto& c = connections_[i];
    if (c.socket < 0) return;
    if (c.now == connection::stage::connecting) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(c.socket, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return connect_failed(i, error);
      if (events & EPOLLOUT) connected(i);
      return;
    }
    if (events & EPOLLOUT) write_out(i);
    if (c.now == connection::stage::open && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_in(i);
  }

  void read_in(std::size_t i) {
    auto& c = connections_[i];
    const int socket = c.socket;
    while (c.socket == socket) {
      const auto n = ::recv(socket, buffer_.data(), buffer_.size(), 0);
      if (n > 0) {
        read_answers(i, {buffer_.data(), static_cast<std::size_t>(n)});
        if (static_cast<std::size_t>(n) < buffer_.size()) return;
      } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        return ended_by_server(i, n == 0 ? "end of file" : std::strerror(errno));
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }

  void read_answers(std::size_t i, std::string_view input) {
    auto& c = connections_[i];
    while (!input.empty()) {
      if (c.in_flight.is_empty()) return lose(i, fault::bad_answer, "bytes that nobody asked for");
      const auto& sent = c.in_flight.oldest();
      const auto& k = kinds_[sent.kind];
      if (!c.reading) c.answer.begin(k.is_head, k.keep_head, sent.look_inside);
      c.reading = true;
      switch (c.answer.feed(input)) {
        case answer_reader::state::more:
          return;
        case answer_reader::state::bad:
          return lose(i, fault::bad_answer, "no HTTP answer");
        case answer_reader::state::done:
          answered(i);
          break;
      }
      if (c.now != connection::stage::open) return;
    }
  }

  void answered(std::size_t i) {
    auto& c = connections_[i];
    const auto sent = c.in_flight.oldest();
    const auto& k = kinds_[sent.kind];
    const auto why = checker_.look_at(c.answer, what_.requests[sent.kind].expects, k.remembered, sent.numbers,
                                      sent.look_inside);
    if (why != fault::none) example(fmt::format("{}: {}", what_.requests[sent.kind].name, checker_.detail()));
    c.in_flight.pop();
    c.reading = false;
    c.was_useful = true;
    --in_flight_;
    ended({sent.kind, why, c.answer.status(), sent.intended, now_, c.answer.body_bytes()});
    if (!c.answer.keeps_connection())
      return lose(i, fault::lost, "closed before the answers to pipelined requests");
    if (what_.is_open) return offer(i);
    if (what_.think.count() == 0) return fill(i);
    thinkers_.push({now_ + what_.think, i});
  }

  void ended_by_server(std::size_t i, std::string_view how) {
    auto& c = connections_[i];
    if (c.reading && c.answer.ends_with_connection()) return answered(i);
    lose(i, fault::lost, how);
  }

  // Closes; everything in flight failed; connects again, at once if the connection had answered anything.
  void lose(std::size_t i, fault why, std::string_view how) {
    auto& c = connections_[i];
    if (!c.in_flight.is_empty()) example(fmt::format("{}: {}", to_string(why), how));
    forget_socket(i);
    while (!c.in_flight.is_empty()) {
      const auto sent = c.in_flight.oldest();
      c.in_flight.pop();
      --in_flight_;
      ended({.kind = sent.kind, .why = why, .intended = sent.intended, .ended = now_});
      if (why == fault::timed_out || why == fault::bad_answer) why = fault::lost;  // those behind it
    }
    if (now_ < end_ && c.was_useful)
      connect(i);
    else
      c.retry_at = now_ + reconnect_pause;
  }

  // ---- endings
  // --------------------------------------------------------------------------------------------------------

  void look_for_timeouts() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      auto& c = connections_[i];
      if (c.now == connection::stage::closed && now_ >= c.retry_at && now_ < end_)
        connect(i);
      else if (c.now == connection::stage::connecting && now_ - c.connect_begun > what_.timeout)
        connect_failed(i, ETIMEDOUT);
      else if (!c.in_flight.is_empty() && now_ - c.in_flight.oldest().sent > what_.timeout)
        lose(i, fault::timed_out, "no whole answer in time");
    }
    const auto why = std::any_of(connections_.begin(), connections_.end(),
                                 [](auto& c) { return c.now == connection::stage::open; })
                         ? fault::timed_out
                         : fault::connect;
    while (!waiting_.empty() && now_ - waiting_.front() > what_.timeout) {
      ended({.kind = pick_kind(), .why = why, .intended = waiting_.front(), .ended = now_});
      waiting_.pop_front();
    }
  }

  void give_up_all() {
    for (auto& c : connections_) {
      while (!c.in_flight.is_empty()) {
        const auto sent = c.in_flight.oldest();
        c.in_flight.pop();
        if (!result_.stopped)
          ended({.kind = sent.kind, .why = fault::timed_out, .intended = sent.intended, .ended = now_});
      }
    }
    for (const auto intended : waiting_) {
      if (!result_.stopped)
        ended({.kind = pick_kind(), .why = fault::timed_out, .intended = intended, .ended = now_});
    }
  }

  void ended(const outcome& o) { result_.figures.ended(o); }

  void example(std::string text) {
    auto& all = result_.examples;
    if (all.size() < examples_max && std::find(all.begin(), all.end(), text) == all.end())
      all.push_back(std::move(text));
  }

  const scenario& what_;
  const run_options& options_;
  drawn_values values_;
  random_numbers chance_;
  run_result result_;
  checker checker_;
  std::vector<prepared_kind> kinds_;
  std::vector<double> weights_;  // summed up
  std::vector<connection> connections_;
  std::deque<std::size_t> free_;
  std::vector<std::size_t> dirty_;
  std::deque<nanoseconds> waiting_;  // intended starts
  using wake = std::pair<nanoseconds, std::size_t>;
  std::priority_queue<wake, std::vector<wake>, std::greater<>> thinkers_;
  std::optional<arrivals> arrivals_;
  std::optional<nanoseconds> due_;
  std::string body_, connect_error_;
  std::vector<char> buffer_;
  int epoll_ = -1;
  nanoseconds begin_{0}, now_{0}, end_{0}, abandon_at_ = nanoseconds::max();
  std::size_t in_flight_ = 0;
};

}  // namespace

result<run_result> run_load(const scenario& what, const run_options& options) {
  return engine(what, options).run();
}

}  // namespace atelier::bench
