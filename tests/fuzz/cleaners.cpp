// The cleaners: any record of any set becomes a row of values that may be loaded, or has a reason why not.
#include "etl/detect.hpp"
#include "etl/encoding.hpp"
#include "etl/mend.hpp"
#include "etl/row.hpp"

#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace atelier::etl;

namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_value(const column& about, const value& v) {
  switch (about.type) {
    case column_type::id:
      return require(v.number >= 1);
    case column_type::rating:
      return require(v.number >= 1 && v.number <= 5);
    case column_type::count:
      return require(v.number >= 0 && v.number <= 2'147'483'647);
    case column_type::boolean:
      return require(v.number == 0 || v.number == 1);
    case column_type::date:
      return require(v.number >= first_date_ms && v.number <= now_ms + day_ms);
    case column_type::text:
      require(!v.none || !about.required);
      require(v.text.find('\0') == std::string_view::npos);
      require(simdjson::validate_utf8(v.text.data(), v.text.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(input + 1), size - 1);
  const auto& shape = all_sets()[input[0] % set_count];
  text_source source(bytes);
  record_reader reader(source);
  reader.expect_columns(shape.columns.size());
  row_cleaner cleaner(published_layout(shape.kind), now_ms);
  for (;;) {
    const auto next = reader.next();
    if (!*next) break;
    row values;
    rejection why{};
    if (cleaner.clean(**next, values, why))
      for (std::size_t c = 0; c < shape.columns.size(); ++c) check_value(shape.columns[c], values.values[c]);
    require(!cells_of(**next, {}, shape.columns.size()).empty());
  }
  // What detects must take anything.
  (void)detect_encoding(bytes);
  (void)detect_shape(bytes, detect_dialect(bytes, {}));
  return 0;
}
