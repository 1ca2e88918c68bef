// Half a megabyte of CSV to records: ours, and lines cut at commas without any care for quotes.
#include "bench/micro/cases.hpp"
#include "etl/record_reader.hpp"

namespace atelier::bench {
namespace {

constexpr std::size_t rows_each = 2000;

std::string make_file(bool awkward) {
  std::string all;
  for (std::size_t i = 0; i < rows_each; ++i) {
    all +=
        std::to_string(i) + "," + std::to_string(i / 6) + ",5,1596080481467,\"This product was great!\",\"";
    all += awkward && i % 2 == 0 ? "They say \"\"one size\nfits all\"\", and it does not."
                                 : "I really did or did not like this product, whatever it was.";
    all += "\",true,false,\"shortandsweeet\",\"first.last@gmail.com\",null,8\n";
  }
  return all;
}

std::size_t fields_of(std::string_view file) {
  etl::text_source source(file);
  etl::record_reader reader(source);
  reader.expect_columns(12);
  std::size_t fields = 0;
  for (;;) {
    const auto next = reader.next();
    if (!next) return 0;
    if (!*next) return fields == 12 * rows_each ? fields : 0;
    fields += (*next)->fields.size();
  }
}

std::size_t clean() {
  static const auto file = make_file(false);
  return fields_of(file);
}

std::size_t awkward() {
  static const auto file = make_file(true);
  return fields_of(file);
}

std::size_t lines_at_commas() {
  static const auto file = make_file(false);
  std::size_t fields = 0;
  for (std::string_view rest = file; !rest.empty();) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    for (;;) {
      ++fields;
      const auto comma = line.find(',');
      if (comma == line.npos) break;
      line.remove_prefix(comma + 1);
    }
  }
  return fields;
}

constexpr std::size_t file_bytes = rows_each * 184;
constexpr hot_path paths[] = {
    {"records/ours", "2,000 reviews, quotes round texts", clean, file_bytes},
    {"records/careless", "the same, lines cut at commas, wrong where a text has one", lines_at_commas,
     file_bytes},
    {"awkward/ours", "2,000 reviews, quotes and line ends inside every second", awkward, file_bytes}};

}  // namespace

std::span<const hot_path> record_paths() { return paths; }

}  // namespace atelier::bench
