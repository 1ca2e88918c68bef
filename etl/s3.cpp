#include "etl/s3.hpp"

#include <charconv>

namespace atelier::etl {
namespace {

constexpr std::size_t page_bytes_max = 8 << 20;  // a page has at most 1,000 keys of 1,024 bytes, encoded
constexpr std::size_t objects_max = 1'000'000;   // of one list

// The text between <name> and </name>, from `at` on, which moves behind it.
std::optional<std::string_view> element(std::string_view xml, std::string_view name, std::size_t& at) {
  const auto open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
  const auto begin = xml.find(open, at);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto end = xml.find(close, begin);
  if (end == std::string_view::npos) return std::nullopt;
  at = end + close.size();
  return xml.substr(begin + open.size(), end - begin - open.size());
}

std::string without_entities(std::string_view text) {
  constexpr std::pair<std::string_view, char> names[] = {{"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
                                                         {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''},
                                                         {"&#34;", '"'}};
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    bool found = false;
    for (const auto& [name, character] : names)
      if (text.substr(i, name.size()) == name) {
        plain += character;
        i += name.size();
        found = true;
        break;
      }
    if (!found) plain += text[i++];
  }
  return plain;
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

}  // namespace

std::optional<s3_place> parse_s3(std::string_view address) {
  constexpr std::string_view scheme = "s3://";
  if (!address.starts_with(scheme)) return std::nullopt;
  address.remove_prefix(scheme.size());
  const auto slash = std::min(address.find('/'), address.size());
  if (slash == 0) return std::nullopt;
  return s3_place{std::string(address.substr(0, slash)),
                  std::string(slash < address.size() ? address.substr(slash + 1) : "")};
}

std::optional<s3_page> parse_s3_page(std::string_view xml) {
  if (xml.find("<ListBucketResult") == std::string_view::npos) return std::nullopt;
  std::size_t at = 0;
  const bool encoded = element(xml, "EncodingType", at).value_or("") == "url";
  s3_page page;
  at = 0;
  while (const auto contents = element(xml, "Contents", at)) {
    std::size_t inside = 0;
    const auto key = element(*contents, "Key", inside);
    if (!key) return std::nullopt;
    s3_object object{without_entities(*key)};
    if (encoded) object.key = percent_decoded(object.key);
    inside = 0;
    if (const auto size = element(*contents, "Size", inside))
      std::from_chars(size->data(), size->data() + size->size(), object.bytes);
    page.objects.push_back(std::move(object));
  }
  at = 0;
  if (element(xml, "IsTruncated", at).value_or("false") != "true") return page;
  at = 0;
  const auto token = element(xml, "NextContinuationToken", at);
  if (!token || token->empty()) return std::nullopt;
  page.next = without_entities(*token);
  return page;
}

std::string s3_encoded(std::string_view text, bool is_path) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (is_path && c == '/');
    if (plain)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string s3_url(const aws_settings& settings, const std::string& bucket, std::string_view key) {
  const auto path = s3_encoded(key, true);
  if (!settings.endpoint.empty()) return fmt::format("{}/{}/{}", settings.endpoint, bucket, path);
  if (bucket.find('.') != std::string::npos)
    return fmt::format("https://s3.{}.amazonaws.com/{}/{}", settings.region, bucket, path);
  return fmt::format("https://{}.s3.{}.amazonaws.com/{}", bucket, settings.region, path);
}

http_request s3_object_request(const aws_settings& settings, const s3_place& place) {
  return {s3_url(settings, place.bucket, place.key), fmt::format("s3://{}/{}", place.bucket, place.key),
          settings};
}

result<std::vector<s3_object>> list_s3(const aws_settings& settings, const s3_place& place, long& status) {
  std::vector<s3_object> all;
  const auto shown = fmt::format("s3://{}/{}", place.bucket, place.key);
  for (std::string next;;) {
    // Sorted by name, since the signature is made over the sorted query and libcurl takes it as it is.
    auto url = s3_url(settings, place.bucket, "") + "?";
    if (!next.empty()) url += "continuation-token=" + s3_encoded(next, false) + '&';
    url += "encoding-type=url&list-type=2";
    if (!place.key.empty()) url += "&prefix=" + s3_encoded(place.key, false);
    const auto answer = read_http({url, shown, settings}, page_bytes_max, status);
    if (!answer) return answer.error();
    auto page = parse_s3_page(*answer);
    if (!page)
      return fail("'{}' cannot be listed: the service's answer is no list of objects; check AWS_ENDPOINT_URL",
                  shown);
    for (auto& object : page->objects) all.push_back(std::move(object));
    if (all.size() > objects_max)
      return fail("'{}' has more than {} objects: name a longer beginning of their keys", shown, objects_max);
    if (page->next.empty()) return all;
    next = std::move(page->next);
  }
}

}  // namespace atelier::etl
