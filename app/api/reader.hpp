// Reads: from what is kept where that may be used, else by one query, which all who ask the same share.
#pragma once

#include "app/api/cache.hpp"
#include "app/api/coherence.hpp"

namespace atelier::api {

class reader {
 public:
  reader(db::pool& database, answer_cache& cache, coherence& truth)
      : database_(database), cache_(cache), truth_(truth) {}

  /// The answer if it is kept and may be used now; else null. Valid until the cache is next changed.
  const finished_answer* kept(const lookup& what);

  /// Whether fetch() would share a query instead of sending one.
  bool is_under_way(const lookup& what) const { return truth_.may_use_cache() && cache_.under_way(what); }

  /// Its answer, or why there is none.
  task<answer_or<shared_answer>> fetch(lookup what);

 private:
  task<answer_or<shared_answer>> ask_database(lookup what);

  db::pool& database_;
  answer_cache& cache_;
  coherence& truth_;
};

}  // namespace atelier::api
