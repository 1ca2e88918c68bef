// The record reader: in every dialect the same records however the bytes come, lying one behind the other.
#include "etl/record_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace atelier::etl;
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

class pieces final : public byte_source {
 public:
  pieces(std::string_view all, std::size_t piece) : all_(all), piece_(piece) {}
  atelier::result<std::size_t> read(std::span<char> space) override {
    const auto n = std::min({space.size(), piece_, all_.size()});
    std::copy_n(all_.data(), n, space.data());
    all_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view all_;
  std::size_t piece_;
};

struct seen {
  std::string raw, fields;
  std::uint64_t line, offset;
  record_fault fault;
  friend bool operator==(const seen&, const seen&) = default;
};

std::vector<seen> read(std::string_view bytes, std::size_t piece, const dialect& how, std::size_t columns) {
  pieces source(bytes, piece);
  record_reader reader(source, how);
  reader.expect_columns(columns);
  std::vector<seen> all;
  std::string scratch;
  for (;;) {
    const auto next = reader.next();
    require(next.has_value());
    if (!*next) return all;
    const record& r = **next;
    seen one{std::string(r.raw), "", r.line, r.offset, r.fault};
    scratch.clear();
    scratch.reserve(r.raw.size() + 1);
    if (r.fault == record_fault::none)
      for (const auto& f : r.fields)
        one.fields.append(decode(r.bytes(f), how, f.how, scratch)).append(1, '\x1f');
    all.push_back(std::move(one));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size < 2) return 0;
  static const dialect dialects[] = {{",", '"', '"'},  {";", '\'', '\''}, {", ", '"', '\\'},
                                     {"\t", '"', '"'}, {",", '\0', '\0'}, {"||", '"', '"'}};
  const auto& how = dialects[input[0] % std::size(dialects)];
  const std::size_t columns = input[1] % 4;
  const std::string_view bytes(reinterpret_cast<const char*>(input + 2), size - 2);
  const auto whole = read(bytes, bytes.size() + 1, how, columns);
  require(whole == read(bytes, 1, how, columns));
  require(whole == read(bytes, std::size_t{2} + input[0] % 16, how, columns));
  std::size_t at = 0;
  for (const auto& r : whole) {
    require(r.offset >= at);
    require(bytes.substr(r.offset, r.raw.size()) == r.raw);
    at = r.offset + r.raw.size();
  }
  return 0;
}
