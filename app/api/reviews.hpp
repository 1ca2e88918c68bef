// Reviews as clients see them, from rows.
#pragma once

#include "app/api/parameters.hpp"
#include "db/answer.hpp"

#include <string>

namespace atelier::api {

/// GET /reviews from the rows of reviews_*, in the order asked for.
std::string reviews_json(std::int64_t product, const paging& asked, review_order by, const db::answer& rows);

/// GET /reviews/{id} from the row of `review`.
std::string review_json(const db::answer& row);

/// GET /reviews/meta from the row of `meta`, or none.
std::string meta_json(std::int64_t product, const db::answer& row);

/// [{"id":1,"url":"…"}] from two arrays in columns of one row.
void append_photos(std::string& out, const db::answer& rows, int row, int ids, int urls);

}  // namespace atelier::api
