// What a read asks for, from its query string.
#pragma once

#include "app/api/failures.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::api {

/// An id as clients may write it: digits, 1..2^63-1, leading zeros count for nothing. Anything else is
/// nothing.
std::optional<std::int64_t> parse_id(std::string_view text);

/// The same digits, 0 included.
std::optional<std::int64_t> parse_number(std::string_view text);

inline constexpr std::array<std::string_view, 4> query_parameter_names{"product_id", "page", "count", "sort"};

/// The parameters of a query string that any read knows, as they were sent: of a repeated one the first.
/// Found in one pass; views into the query.
struct parameters {
  struct value {
    std::string_view sent = {};
    bool is_there = false;
    bool is_encoded = false;  // has percent signs or pluses

    /// Percent-decoded, `+` as a blank; `room` holds it where that changes anything.
    std::string_view decoded(std::string& room) const;
  };
  value product_id;
  value page;
  value count;
  value sort;
};
parameters parse_query(std::string_view query);

struct paging {
  std::int64_t page = 1;  // from 1
  std::int64_t count = 5;

  /// Rows before the page, no more than fit.
  std::int64_t offset() const;
};

/// `page` and `count`. What frontends send before they know better (NaN, undefined, null, nothing) is the
/// default; page 0 is 1.
answer_or<paging> parse_paging(const parameters& sent);

/// `product_id`, required.
answer_or<std::int64_t> parse_product(const parameters& sent);

enum class review_order { relevant, newest, helpful };

/// `sort`; an unknown one is relevant.
review_order parse_sort(const parameters& sent);

}  // namespace atelier::api
