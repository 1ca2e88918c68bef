// What a cell looks like: enough to tell a header from data, and one delimiter from another.
#pragma once

#include <cstdint>
#include <string_view>

namespace atelier::etl {

enum class cell_kind : std::uint8_t { empty, number, moment, boolean, address, text };

/// number: also with a sign, a currency, a percent sign, separators; moment: a date, a time of day, both;
/// address: a URL or an e-mail address.
cell_kind kind_of(std::string_view cell);

}  // namespace atelier::etl
