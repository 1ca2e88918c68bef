#include "lb/run.hpp"

#include "core/inherited.hpp"
#include "core/log.hpp"
#include "core/notify_socket.hpp"
#include "core/signals.hpp"
#include "lb/admin.hpp"
#include "lb/proxy.hpp"
#include "lb/reload.hpp"
#include "lb/takeover.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <unistd.h>

#include <algorithm>

namespace atelier::lb {
namespace {

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
        front_(loop, wanted.bounds, wanted.health, wanted.probes),
        seen_(front_),
        pages_(front_, seen_, rule_of_address(wanted)),
        back_(loop, pages_),
        private_pages_(front_, seen_, {}),
        control_(loop, private_pages_),
        successors_(loop),
        heart_(loop, systemd_),
        pause_(loop) {}

  result<> open();
  void run();

 private:
  result<> open_listeners();
  result<> open_control();
  result<tcp_acceptor> listener(std::string_view name, const address& where, const listen_options& options);
  task<> obey_signals();
  task<> end_by_signal();
  task<> end_taken_over();
  task<> wait_for_probes();
  task<> report();
  std::string state() const;
  void say_stopping(std::string_view why);
  task<> stop_operators();

  asio::io_context& loop_;
  notify_socket systemd_;
  const settings& wanted_;
  const reader& read_again_;
  signal_waiter signals_;
  std::unique_ptr<access_log> log_;
  std::unique_ptr<takeover> former_;
  std::vector<inherited_socket> inherited_;
  proxy front_;
  live seen_;
  admin pages_;
  http::server back_;
  admin private_pages_;
  http::server control_;
  tcp_acceptor successors_;
  heartbeat heart_;
  timer pause_;
  bool owns_listener_ = true;
  bool taken_over_ = false;
  bool stopping_ = false;
};

// One that was handed to us, or else a new one.
result<tcp_acceptor> role::listener(std::string_view name, const address& where,
                                    const listen_options& options) {
  const auto mine =
      std::find_if(inherited_.begin(), inherited_.end(), [&](const auto& s) { return s.name == name; });
  if (mine == inherited_.end()) return listen_on(loop_, where, options);
  const int descriptor = mine->descriptor;
  inherited_.erase(mine);
  auto adopted = adopt_listener(loop_, descriptor);
  if (adopted) log::info("listening on an inherited socket {}={}", name, bound_address(*adopted));
  return adopted;
}

result<> role::open_listeners() {
  if (wanted_.take_over) {
    auto former = takeover::from(wanted_.control);
    if (!former) return former.error();
    former_ = std::move(*former);
    if (former_) inherited_ = former_->sockets;
    if (!former_) log::info("there is nobody to take over from control={}", wanted_.control);
  } else {
    inherited_ = inherited_sockets();
    owns_listener_ = inherited_.empty();  // else the file of a UNIX socket is whose that made it
    // The first that is not for operators is for clients, whatever its unit calls it.
    for (auto& one : inherited_)
      if (one.name != "admin") {
        one.name = "listen";
        break;
      }
  }
  auto clients = listener("listen", wanted_.listen, {.share_port = wanted_.share_port});
  if (!clients) return clients.error();
  front_.listen(std::move(*clients));
  if (wanted_.admin) {
    auto operators = listener("admin", *wanted_.admin, {});
    if (!operators) return operators.error();
    back_.listen(std::move(*operators));
  }
  for (const auto& unused : inherited_) ::close(unused.descriptor);
  return {};
}

// The socket for requests, and the one by which a successor comes.
result<> role::open_control() {
  if (wanted_.control.empty()) return {};
  if (!former_) {
    const auto other = takeover::from(wanted_.control);
    if (!other) return other.error();
    if (*other)
      return fail("another atelier lb runs with --control {}: stop it, or start with --takeover",
                  wanted_.control);
  }
  auto requests = listen_on_path(loop_, wanted_.control);
  if (!requests) return requests.error();
  control_.listen(std::move(*requests));
  auto successors = listen_on_path(loop_, takeover_path(wanted_.control));
  if (!successors) return successors.error();
  successors_ = std::move(*successors);
  return {};
}

result<> role::open() {
  for (const auto& w : wanted_.workers)
    if (const auto added = front_.add_worker(w); !added) return added.error();
  auto log = access_log::open(wanted_.access);
  if (!log) return log.error();
  log_ = std::move(*log);
  if (wanted_.access.how_much != access_log_options::detail::off) front_.log_to(*log_);
  if (const auto bound = open_listeners(); !bound) return bound.error();
  return open_control();
}

void role::run() {
  front_.start();
  std::vector<inherited_socket> ours{{front_.listener_descriptor(), "listen"}};
  if (wanted_.admin) {
    back_.start();
    ours.push_back({back_.listener_descriptor(), "admin"});
  }
  if (!wanted_.control.empty()) {
    control_.start();
    const auto taken = [this] { asio::co_spawn(loop_, end_taken_over(), asio::detached); };
    asio::co_spawn(loop_, give_to_successor(successors_, std::move(ours), taken), asio::detached);
  }
  if (wanted_.admin || !wanted_.control.empty()) asio::co_spawn(loop_, seen_.run(), asio::detached);
  asio::co_spawn(loop_, obey_signals(), asio::detached);
  asio::co_spawn(loop_, report(), asio::detached);
  asio::co_spawn(loop_, heart_.run(), asio::detached);
  log::info("listening on {} workers={}{}{}{}{}", front_.listening_on(), wanted_.workers.size(),
            wanted_.admin ? " admin=" : "", wanted_.admin ? back_.listening_on() : "",
            wanted_.control.empty() ? "" : " control=", wanted_.control);
  loop_.run();
  if (!taken_over_ && !wanted_.control.empty()) {
    unlink(wanted_.control.c_str());
    unlink(takeover_path(wanted_.control).c_str());
  }
  log::info("stopped");
}

task<> role::obey_signals() {
  for (bool ending = false;;) {
    const auto signal = co_await signals_.next();
    if (!signal) co_return;
    if (*signal == SIGHUP) {
      if (!stopping_) systemd_.reloading();
      if (const auto opened = log_->reopen(); !opened) log::error("{}", opened.error().what);
      auto what = read_again_();
      if (what)
        co_await reload(front_, std::move(*what));
      else
        log::error("nothing is changed: {}", what.error().what);
      if (!stopping_) systemd_.ready();
    } else if (std::exchange(ending, true) || taken_over_) {
      log::warning("cutting at once signal={} connections={}", signal_name(*signal), front_.connections());
      co_await front_.drain(0ms);
    } else {
      log::info("draining signal={} connections={} patience_ms={}", signal_name(*signal),
                front_.connections(), wanted_.bounds.drain_timeout.count());
      say_stopping("stopping: requests under way are finished");
      asio::co_spawn(loop_, end_by_signal(), asio::detached);
    }
  }
}

task<> role::end_by_signal() {
  // Now, not at the end: by then it may be another's, who has come in our place.
  if (owns_listener_) remove_file_of(wanted_.listen);
  co_await front_.drain(front_.shared().bounds.drain_timeout);
  co_await stop_operators();
}

task<> role::end_taken_over() {
  taken_over_ = true;
  log::info("another process serves from here on: draining connections={}", front_.connections());
  say_stopping("another process serves: requests under way are finished");
  error_code ignored;
  successors_.close(ignored);
  if (wanted_.admin) back_.stop_accepting();
  seen_.feed().end();  // pages come back to the other one
  co_await front_.hand_over(front_.shared().bounds.drain_timeout);
  co_await stop_operators();
}

task<> role::stop_operators() {
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
  while (!stopping_ && !all_known() && clock::now() < end) {
    pause_.expires_after(10ms);
    co_await pause_.async_wait(no_throw);
  }
}

std::string role::state() const {
  const auto& all = front_.shared().pool.all();
  const auto usable = std::count_if(all.begin(), all.end(), [](const auto& w) { return w->state.usable(); });
  return fmt::format("serving on {}; {} of {} workers healthy", front_.listening_on(), usable, all.size());
}

// Whom we take over from and systemd hear that we serve; systemd also what becomes of the workers.
task<> role::report() {
  co_await wait_for_probes();
  if (former_) {
    former_->say_ready();
    former_.reset();
    log::info("the former process was told to end");
  }
  if (!stopping_) systemd_.ready();
  while (systemd_.listens() && !stopping_) {
    systemd_.status(state());
    pause_.expires_after(1s);
    co_await pause_.async_wait(no_throw);
  }
}

void role::say_stopping(std::string_view why) {
  stopping_ = true;
  pause_.cancel();
  systemd_.status(why);
  systemd_.stopping(front_.shared().bounds.drain_timeout + beyond_the_drain);
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
