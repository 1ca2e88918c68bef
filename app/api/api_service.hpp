// The HTTP API: every request of the contract, from a parsed head to an answer.
#pragma once

#include "app/api/bodies.hpp"
#include "app/api/counters.hpp"
#include "app/api/routes.hpp"
#include "app/api/statements.hpp"
#include "core/http/server.hpp"
#include "db/pool.hpp"

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
  api_service(db::pool& database, api_options options) : database_(database), options_(std::move(options)) {}

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

  /// From now on /ready says no, so that a proxy sends nothing new.
  void begin_draining() { draining_ = true; }

  const counters& counted() const { return counters_; }

 private:
  /// What a handler says: an answer, or why there is none.
  using said = answer_or<http::response>;

  /// What an Idempotency-Key was used for before; neither: nothing.
  struct remembered {
    std::optional<http::response> same = {};   // this very request
    std::optional<api::refusal> why_not = {};  // another one, or the database could not be asked
  };

  task<said> dispatch(const http::request& asked, const matched& place);
  task<said> read(const http::request& asked, const matched& place);
  task<said> reviews(std::string_view query);
  task<said> review(std::string_view id);
  task<said> meta(std::string_view query);
  task<said> questions(std::string_view query);
  task<said> answers(std::string_view id, std::string_view query);
  task<said> ready();

  task<said> post_review(const http::request& asked, std::string_view path);
  task<said> post_question(const http::request& asked, std::string_view path);
  task<said> post_answer(const http::request& asked, const matched& place);
  task<remembered> recall(const http::request& asked, std::string_view path);
  task<said> replay(const http::request& asked, std::string_view path);
  task<said> refuse_body(api::refusal why, const http::request& asked, std::string_view path);
  task<said> vote(statement what, std::string_view id, const char* sentence);

  task<db::outcome> run(statement what, db::arguments with);
  void say(const http::request& asked, route where, const said& what, http::responder& out);

  db::pool& database_;
  api_options options_;
  counters counters_;
  bool draining_ = false;
};

}  // namespace atelier::api
