// Reads one browser's request head many times: with our reader, or with a parser derived from Beast's, fields
// kept as views. For `bench/run head`, which counts the instructions of each.
#include "core/http/head.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

namespace beast = boost::beast;

constexpr std::string_view bytes =
    "GET /reviews/?product_id=40344&count=20&sort=relevant HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 "
    "Safari/537.36\r\n"
    "Origin: https://shop.example.com\r\n"
    "Referer: https://shop.example.com/products/40344\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "If-None-Match: \"637afbcd3cecd5d5709aa80236ebc151\"\r\n"
    "\r\n";

// What our reader keeps, kept by Beast's: views into the buffer, no allocation a field.
class beast_reader final : public beast::http::basic_parser<true> {
 public:
  explicit beast_reader(atelier::http::field_list& f) : fields(f) { fields.clear(); }

  atelier::http::field_list& fields;
  std::string_view target;

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view t, int,
                       beast::error_code&) override {
    target = {t.data(), t.size()};
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    fields.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
    return body.size();
  }
  void on_finish_impl(beast::error_code&) override {}
};

std::size_t read_ours() {
  static atelier::http::request_head head;  // kept, as a connection keeps it
  const auto outcome = atelier::http::parse_request_head(bytes, {}, head);
  return outcome.what == atelier::http::head_outcome::kind::complete ? head.fields.size() + head.target.size()
                                                                     : 0;
}

std::size_t read_beasts() {
  static atelier::http::field_list fields;
  beast_reader reader(fields);
  reader.eager(true);
  beast::error_code error;
  reader.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  return reader.is_done() && !error ? reader.fields.size() + reader.target.size() : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench-head ours|beast TIMES\n", stderr);
    return 2;
  }
  const bool ours = std::string_view(argv[1]) == "ours";
  const long times = std::atol(argv[2]);
  std::size_t read = 0;
  for (long i = 0; i < times; ++i) read += ours ? read_ours() : read_beasts();
  if (times > 0 && read == 0) {
    std::fputs("bench-head: the head was not read\n", stderr);
    return 1;
  }
  return 0;
}
