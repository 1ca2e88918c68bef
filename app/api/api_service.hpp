// The HTTP API: every request of the contract, from a parsed head to an answer.
#pragma once

#include "app/api/bodies.hpp"
#include "app/api/counters.hpp"
#include "app/api/reader.hpp"
#include "app/api/routes.hpp"
#include "app/api/writer.hpp"
#include "core/http/server.hpp"

#include <set>
#include <string>

namespace atelier::api {

struct api_options {
  std::set<std::string, std::less<>> verify_tokens =
      {};                                     // GET /TOKEN answers TOKEN: proof that a host is yours
  std::size_t requests_in_flight_max = 4096;  // waiting for the database; beyond: 503 at once
};

class api_service final : public http::service {
 public:
  api_service(asio::io_context& loop, db::pool& database, answer_cache& cache, coherence& truth,
              api_options options)
      : database_(database),
        reader_(database, cache, truth),
        writer_(loop, database, truth),
        options_(std::move(options)) {}

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

  /// From now on /ready says no, so that a proxy sends nothing new.
  void begin_draining() { draining_ = true; }

  const counters& counted() const { return counters_; }
  std::size_t requests_in_flight_max() const { return options_.requests_in_flight_max; }
  const writer_counters& written() const { return writer_.counted(); }

 private:
  /// What a handler says: an answer, or why there is none.
  using said = answer_or<http::response>;

  /// What an Idempotency-Key was used for before; neither: nothing.
  struct remembered {
    std::optional<http::response> same = {};   // this very request
    std::optional<api::refusal> why_not = {};  // another one, or the database could not be asked
  };

  std::optional<said> say_at_once(const http::request& asked, const matched& place);
  task<said> dispatch(const http::request& asked, const matched& place);

  bool answer_read_now(const http::request& asked, const matched& place, http::responder& out);
  bool shares_query(const http::request& asked, const matched& place) const;
  task<> answer_read(const http::request& asked, const matched& place, http::responder& out);
  task<said> ready();

  task<said> post_review(const http::request& asked, std::string_view path);
  task<said> post_question(const http::request& asked, std::string_view path);
  task<said> post_answer(const http::request& asked, const matched& place);
  task<remembered> recall(const http::request& asked, std::string_view path);
  task<said> replay(const http::request& asked, std::string_view path);
  task<said> refuse_body(api::refusal why, const http::request& asked, std::string_view path);
  task<said> vote(statement what, std::string_view id, const char* sentence);

  void say(const http::request& asked, route where, const said& what, http::responder& out);
  void say_finished(const http::request& asked, route where, const finished_answer& answer,
                    http::responder& out);

  db::pool& database_;
  reader reader_;
  writer writer_;
  api_options options_;
  counters counters_;
  bool draining_ = false;
};

}  // namespace atelier::api
