#include "lb/run.hpp"

#include "core/log.hpp"
#include "core/notify_socket.hpp"
#include "core/signals.hpp"
#include "lb/admin.hpp"
#include "lb/proxy.hpp"
#include "lb/reload.hpp"
#include "lb/sockets.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace atelier::lb {
namespace {

constexpr auto clients_name = "listen";
constexpr auto operators_name = "admin";
constexpr auto control_name = "control";
constexpr auto successors_name = "takeover";
constexpr auto first_probes_max = 2s;  // we wait for them before we say that we are ready
constexpr auto beyond_the_drain = 5s;  // for what follows it

access_rule rule_of_address(const settings& wanted) {
  const auto where = wanted.admin ? resolve_tcp(*wanted.admin) : fail("none");
  const bool local = (wanted.admin && wanted.admin->is_path()) || (where && where->address().is_loopback());
  return {!local || !wanted.admin_token.empty(), wanted.admin_token, wanted.admin ? wanted.admin->host : ""};
}

class role {
 public:
  role(asio::io_context& loop, const settings& wanted, const reader& read_again)
      : loop_(loop),
        wanted_(wanted),
        read_again_(read_again),
        signals_(loop, {SIGTERM, SIGINT, SIGHUP}),
        sockets_(loop),
        front_(loop, wanted.bounds, wanted.health, wanted.probes),
        seen_(front_),
        pages_(front_, seen_, rule_of_address(wanted)),
        back_(loop, pages_),
        private_pages_(front_, seen_, {}),
        control_(loop, private_pages_),
        configured_(wanted.workers),
        successors_(
            loop, [this] { return record(); },
            [this] { asio::co_spawn(loop_, end_taken_over(), asio::detached); }),
        heart_(loop, systemd_),
        pause_(loop) {}

  result<> open();
  void run();

 private:
  result<> open_workers();
  result<> open_listeners();
  result<> open_control();
  void serve();
  task<> obey_signals();
  task<> read_configuration();
  void leave_to_successor();
  task<> end_by_signal();
  task<> end_taken_over();
  task<> wait_for_probes();
  task<> report();
  std::string state() const;
  worker_record record() const;
  void say_stopping(std::string_view why);
  std::chrono::milliseconds time_to_end() const {
    return front_.shared().bounds.drain_timeout + beyond_the_drain;
  }
  task<> stop_operators();

  asio::io_context& loop_;
  notify_socket systemd_;
  const settings& wanted_;
  const reader& read_again_;
  signal_waiter signals_;
  std::unique_ptr<access_log> log_;
  listening_sockets sockets_;
  proxy front_;
  live seen_;
  admin pages_;
  http::server back_;
  admin private_pages_;
  http::server control_;
  std::vector<worker_settings> configured_;  // as the configuration says now
  succession successors_;
  heartbeat heart_;
  timer pause_;
  bool wants_to_read_ = false;
  bool reads_ = false;
  bool taken_over_ = false;
  bool stopping_ = false;
};

// With their workers as operators have made them.
result<> role::open_workers() {
  const auto former = sockets_.workers_of_former();
  for (const auto& [settings, drained] : carry_over(wanted_.workers, former)) {
    if (const auto added = front_.add_worker(settings); !added) return added.error();
    auto* const one = front_.pool().find(to_string(settings.where));
    if (drained) front_.pool().drain(*one);
    if (sockets_.takes_over())
      log::info("worker taken over worker={} weight={} max={}", one->name, settings.weight,
                settings.in_flight_max);
  }
  return {};
}

result<> role::open_listeners() {
  auto clients = sockets_.listener(clients_name, wanted_.listen, {.share_port = wanted_.share_port});
  if (!clients) return clients.error();
  front_.listen(std::move(*clients));
  if (wanted_.admin) {
    auto operators = sockets_.listener(operators_name, *wanted_.admin);
    if (!operators) return operators.error();
    back_.listen(std::move(*operators));
  }
  return {};
}

// The socket for requests, and the one by which a successor comes.
result<> role::open_control() {
  if (wanted_.control.empty()) return {};
  if (!sockets_.takes_over()) {
    const auto other = takeover::from(wanted_.control);
    if (!other) return other.error();
    if (*other)
      return fail("another atelier lb runs with --control {}: stop it, or start with --takeover",
                  wanted_.control);
  }
  auto requests = sockets_.private_listener(control_name, wanted_.control);
  if (!requests) return requests.error();
  control_.listen(std::move(*requests));
  auto successors = sockets_.private_listener(successors_name, takeover_path(wanted_.control));
  if (!successors) return successors.error();
  successors_.listen(std::move(*successors));
  return {};
}

result<> role::open() {
  if (wanted_.take_over)
    if (const auto taken = sockets_.take_over(wanted_.control); !taken) return taken.error();
  if (!sockets_.takes_over()) sockets_.inherit();
  if (const auto added = open_workers(); !added) return added.error();
  auto log = access_log::open(wanted_.access);
  if (!log) return log.error();
  log_ = std::move(*log);
  if (wanted_.access.how_much != access_log_options::detail::off) front_.log_to(*log_);
  if (const auto bound = open_listeners(); !bound) return bound.error();
  if (const auto bound = open_control(); !bound) return bound.error();
  sockets_.close_unused();
  return {};
}

void role::run() {
  front_.start();
  asio::co_spawn(loop_, obey_signals(), asio::detached);
  asio::co_spawn(loop_, report(), asio::detached);
  asio::co_spawn(loop_, heart_.run(), asio::detached);
  if (wanted_.admin || !wanted_.control.empty()) asio::co_spawn(loop_, seen_.run(), asio::detached);
  if (!sockets_.takes_over()) serve();
  loop_.run();
  log::info("stopped");
}

// Takes connections on every socket.
void role::serve() {
  front_.accept();
  std::vector<inherited_socket> ours{{front_.listener_descriptor(), clients_name}};
  if (wanted_.admin) {
    back_.start();
    ours.push_back({back_.listener_descriptor(), operators_name});
  }
  if (!wanted_.control.empty()) {
    control_.start();
    ours.push_back({control_.listener_descriptor(), control_name});
    ours.push_back({successors_.listener_descriptor(), successors_name});
    successors_.start(std::move(ours));
  }
  log::info("listening on {} workers={}{}{}{}{}", front_.listening_on(), front_.shared().pool.all().size(),
            wanted_.admin ? " admin=" : "", wanted_.admin ? back_.listening_on() : "",
            wanted_.control.empty() ? "" : " control=", wanted_.control);
}

task<> role::obey_signals() {
  for (bool ending = false;;) {
    const auto signal = co_await signals_.next();
    if (!signal) co_return;
    if (*signal == SIGHUP) {
      wants_to_read_ = true;
      if (!reads_) asio::co_spawn(loop_, read_configuration(), asio::detached);
    } else if (std::exchange(ending, true)) {
      log::warning("cutting at once signal={} connections={}", signal_name(*signal), front_.connections());
      co_await front_.drain(0ms);
    } else {
      const auto patience = front_.shared().bounds.drain_timeout;
      log::info("draining signal={} connections={} patience_ms={}", signal_name(*signal),
                front_.connections(), patience.count());
      say_stopping("stopping: requests under way are finished");
      if (taken_over_)
        co_await front_.drain(patience);  // end_taken_over() goes on, with less patience
      else
        asio::co_spawn(loop_, end_by_signal(), asio::detached);
    }
  }
}

// Beside the signals, since names are looked up, which takes as long as it takes. One after the other: what
// is asked for meanwhile is done afterwards.
task<> role::read_configuration() {
  reads_ = true;
  while (std::exchange(wants_to_read_, false)) {
    if (!stopping_) systemd_.reloading();
    if (const auto opened = log_->reopen(); !opened) log::error("{}", opened.error().what);
    auto what = read_again_();
    if (what) {
      configured_ = what->wanted.workers;
      co_await reload(front_, std::move(*what));
    } else {
      log::error("nothing is changed: {}", what.error().what);
    }
    if (!stopping_) systemd_.ready();
  }
  reads_ = false;
}

// Another process has, or is about to have, all that we listen on.
void role::leave_to_successor() {
  sockets_.leave_files();
  if (wanted_.admin) back_.stop_accepting();
  control_.stop_accepting();
  seen_.feed().end();  // pages come back to the other one
}

task<> role::end_by_signal() {
  // A process that is about to take over does it at once when it hears that it is alone.
  if (successors_.is_under_way()) leave_to_successor();
  // Those by which nobody is served any more go now: until the end another one may come in our place.
  sockets_.remove_file(clients_name);
  sockets_.remove_file(successors_name);
  successors_.stop();
  co_await front_.drain(front_.shared().bounds.drain_timeout);
  co_await stop_operators();
}

task<> role::end_taken_over() {
  taken_over_ = true;
  leave_to_successor();
  successors_.stop();
  log::info("another process serves from here on: draining connections={}", front_.connections());
  say_stopping("another process serves: requests under way are finished");
  co_await front_.hand_over(front_.shared().bounds.drain_timeout);
  co_await stop_operators();
}

task<> role::stop_operators() {
  for (const auto* name : {operators_name, control_name}) sockets_.remove_file(name);
  if (wanted_.admin) co_await back_.drain(0ms);
  if (!wanted_.control.empty()) co_await control_.drain(0ms);
  loop_.stop();
}

task<> role::wait_for_probes() {
  const auto end = clock::now() + first_probes_max;
  const auto all_known = [&] {
    const auto& all = front_.shared().pool.all();
    return std::none_of(all.begin(), all.end(),
                        [](const auto& w) { return w->state.now() == health::state::unknown; });
  };
  while (!stopping_ && !all_known() && clock::now() < end && !sockets_.is_alone()) {
    pause_.expires_after(10ms);
    co_await pause_.async_wait(no_throw);
  }
}

std::string role::state() const {
  const auto& all = front_.shared().pool.all();
  const auto usable = std::count_if(all.begin(), all.end(), [](const auto& w) { return w->state.usable(); });
  return fmt::format("serving on {}; {} of {} workers healthy", front_.listening_on(), usable, all.size());
}

// For the process that takes over from us.
worker_record role::record() const {
  worker_record all{configured_, {}};
  for (const auto& w : front_.shared().pool.all())
    if (w->wish != worker::wanted::gone)
      all.running.push_back({w->settings, w->wish == worker::wanted::drained});
  return all;
}

// Whom we take over from and systemd hear that we serve; systemd also what becomes of the workers.
task<> role::report() {
  co_await wait_for_probes();
  if (sockets_.takes_over() && !stopping_) {
    const bool alone = sockets_.is_alone();
    serve();
    sockets_.say_ready();
    log::info("the former process {}", alone ? "has ended by itself" : "was told to end");
  }
  if (!stopping_) systemd_.ready();
  while (systemd_.listens() && (!stopping_ || taken_over_)) {
    if (taken_over_)
      systemd_.stopping(time_to_end());  // as long as the last request takes
    else
      systemd_.status(state());
    pause_.expires_after(1s);
    co_await pause_.async_wait(no_throw);
  }
}

void role::say_stopping(std::string_view why) {
  stopping_ = true;
  pause_.cancel();
  systemd_.status(why);
  systemd_.stopping(time_to_end());
}

}  // namespace

result<> run(const settings& wanted, const reader& read_again) {
  asio::io_context loop(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO);  // one thread: the reactor needs no locks
  role one(loop, wanted, read_again);
  if (const auto opened = one.open(); !opened) return opened.error();
  one.run();
  return {};
}

}  // namespace atelier::lb
