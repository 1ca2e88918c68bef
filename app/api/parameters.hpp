// What a read asks for, from its query string.
#pragma once

#include "app/api/failures.hpp"

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

/// The first value of a parameter, percent-decoded, `+` as a blank; nothing where it is absent.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

struct paging {
  std::int64_t page = 1;  // from 1
  std::int64_t count = 5;

  /// Rows before the page, no more than fit.
  std::int64_t offset() const;
};

/// `page` and `count`. What frontends send before they know better (NaN, undefined, null, nothing) is the
/// default; page 0 is 1.
answer_or<paging> parse_paging(std::string_view query);

/// `product_id`, required.
answer_or<std::int64_t> parse_product(std::string_view query);

enum class review_order { relevant, newest, helpful };

/// `sort`; an unknown one is relevant.
review_order parse_sort(std::string_view query);

}  // namespace atelier::api
