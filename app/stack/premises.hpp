// Everything that can be found out, refused or prepared before anything slow is done.
#pragma once

#include "app/stack/cluster.hpp"
#include "app/stack/data_record.hpp"
#include "app/stack/descriptor.hpp"
#include "core/address.hpp"

#include <string>
#include <vector>

namespace atelier::stack {

/// What `atelier up` was asked for.
struct up_options {
  std::filesystem::path data = ".atelier";
  address listen{"127.0.0.1", 8080};
  address admin{"127.0.0.1", 8081};
  int workers = 3;
  data_request request;
};

/// Where a worker is asked, by the proxy and by operators.
struct worker_addresses {
  address listen;
  address admin;
};

/// A folder that is ours alone as long as the object lives, and what will be done in it.
struct premises {
  std::filesystem::path folder;
  descriptor lock;  // one `up` a folder
  descriptor log;   // PostgreSQL's
  cluster database;
  data_plan plan;
  address listen;
  address admin;
  std::vector<worker_addresses> workers;
  address control;  // the proxy's own socket: nobody else answers there
  std::filesystem::path
      runtime;  // where the socket is when the folder's own path is too long; removed by leave()
};

/// Errors, each a sentence: no PostgreSQL; a busy port; a folder that cannot be written or is in use; data
/// that are not the ones asked for, or too new; no CSV files; a full disk. Only --reset deletes data, and
/// only when all but the disk is well.
result<premises> prepare(const up_options& asked, stop_signal& stop);

/// Removes what only lives while we run.
void leave(const premises& p);

}  // namespace atelier::stack
