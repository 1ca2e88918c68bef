// A record that does not fit its table, read in another way.
#pragma once

#include "etl/dialect.hpp"
#include "etl/record_reader.hpp"

#include <string>
#include <vector>

namespace atelier::etl {

/// The cells of a record that is not too long. If it has not `width` of them, or broke the rules of quotes:
/// as they are where its quotes stand for themselves, are escaped otherwise or not at all, or another quote
/// is used, or another delimiter that cannot be punctuation, whichever gives that width first; else as it
/// stands.
std::vector<std::string> cells_of(const record& r, const dialect& written, std::size_t width);

}  // namespace atelier::etl
