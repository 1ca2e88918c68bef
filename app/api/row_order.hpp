// Rows in the order in which they are shown. The server found the right ones by that order, but what hands
// them on promises none (statements.cpp).
#pragma once

#include "db/answer.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace atelier::api {

/// The rows' indexes, ascending by `key` of a row.
template <class Key>
std::vector<int> rows_by(const db::answer& rows, Key key) {
  std::vector<int> order(static_cast<std::size_t>(rows.size()));
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](int a, int b) { return key(a) < key(b); };
  if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
  return order;
}

}  // namespace atelier::api
