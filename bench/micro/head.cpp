// One browser's request head: read by ours, and by a parser derived from Beast's that keeps the fields as
// views too.
#include "core/http/head.hpp"

#include "bench/micro/cases.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <string_view>

namespace atelier::bench {
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
  explicit beast_reader(http::field_list& f) : fields(f) { fields.clear(); }

  http::field_list& fields;
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
  static http::request_head head;  // kept, as a connection keeps it
  const auto outcome = http::parse_request_head(bytes, {}, head);
  return outcome.what == http::head_outcome::kind::complete ? head.fields.size() + head.target.size() : 0;
}

std::size_t read_beasts() {
  static http::field_list fields;
  beast_reader reader(fields);
  reader.eager(true);
  beast::error_code error;
  reader.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  return reader.is_done() && !error ? reader.fields.size() + reader.target.size() : 0;
}

constexpr hot_path paths[] = {
    {"head/ours", "a browser's GET, 9 fields, 480 bytes", read_ours, bytes.size()},
    {"head/Beast", "the same with Beast's basic_parser", read_beasts, bytes.size()}};

}  // namespace

std::span<const hot_path> head_paths() { return paths; }

}  // namespace atelier::bench
