#include "etl/http_source.hpp"

#include "core/log.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

namespace atelier::etl {
namespace {

constexpr long connect_seconds = 15;
constexpr std::size_t waiting_bytes_max = 1 << 20;  // received and not yet asked for
constexpr std::size_t refusal_bytes_max = 4096;     // kept of the body of an error
constexpr int breaks_max = 8;                       // one after the other, without a byte between them
constexpr auto first_pause = std::chrono::milliseconds(200);  // doubled with each break
constexpr auto longest_pause = std::chrono::seconds(10);

struct free_easy {
  void operator()(CURL* c) const noexcept { curl_easy_cleanup(c); }
};
struct free_multi {
  void operator()(CURLM* c) const noexcept { curl_multi_cleanup(c); }
};
struct free_list {
  void operator()(curl_slist* c) const noexcept { curl_slist_free_all(c); }
};

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What S3 says in <Code>…</Code>, or nothing.
std::string code_in(const std::string& body) {
  const auto begin = body.find("<Code>"), end = body.find("</Code>");
  return begin == std::string::npos || end == std::string::npos || end < begin
             ? ""
             : body.substr(begin + 6, end - begin - 6);
}

// The name with its port, as it stands in the address.
std::string host_of(const std::string& url) {
  auto host = url.substr(url.find("://") + 3);
  host.resize(std::min(host.find_first_of("/?#"), host.size()));
  return host.substr(host.find('@') == std::string::npos ? 0 : host.find('@') + 1);
}

// Of a Content-Range, "bytes 5-9/10", the last number; a server may say * for it.
std::optional<std::uint64_t> bytes_in_all(const std::string& range) {
  const auto slash = range.find('/');
  if (slash == std::string::npos) return std::nullopt;
  std::uint64_t bytes = 0;
  const auto* const end = range.data() + range.size();
  if (std::from_chars(range.data() + slash + 1, end, bytes).ptr != end) return std::nullopt;
  return bytes;
}

// As far as both are known. A file sent from several machines may have several times, but one tag.
bool are_different(const file_version& one, const file_version& other) {
  const auto differ = [](const std::string& a, const std::string& b) {
    return !a.empty() && !b.empty() && a != b;
  };
  return differ(one.tag, other.tag) || (one.tag.empty() && differ(one.modified, other.modified)) ||
         (one.bytes && other.bytes && *one.bytes != *other.bytes);
}

class http_source final : public byte_source {
 public:
  explicit http_source(http_request request) : request_(std::move(request)), multi_(curl_multi_init()) {
    if (!request_.seen) request_.seen = std::make_shared<file_version>();
  }
  ~http_source() override { stop(); }

  // Waits until the first byte or the end, so that what is wrong is known at once.
  result<> open() {
    if (auto begun = begin(); !begun) return begun;
    return wait_for_bytes();
  }

  result<std::size_t> read(std::span<char> space) override {
    if (auto there = wait_for_bytes(); !there) return there.error();
    const auto n = std::min(space.size(), waiting_.size() - taken_);
    std::memcpy(space.data(), waiting_.data() + taken_, n);
    taken_ += n;
    if (taken_ == waiting_.size()) {
      waiting_.clear();
      taken_ = 0;
      if (paused_ && easy_) {
        paused_ = false;
        curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
      }
    }
    return n;
  }
  std::optional<std::uint64_t> size() const override { return request_.seen->bytes; }
  long status() const {
    long status = 0;
    if (easy_) curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

 private:
  enum class outcome { running, complete, broken };

  result<> begin();
  void stop();
  result<> wait_for_bytes();
  result<> take_up_again(const std::string& why);
  result<> judge_end(CURLcode code);
  failure refusal();

  static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self);
  static std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* self);
  void see_status();

  http_request request_;
  std::unique_ptr<CURLM, free_multi> multi_;
  std::unique_ptr<CURL, free_easy> easy_;
  std::unique_ptr<curl_slist, free_list> headers_;
  std::string waiting_;
  std::size_t taken_ = 0;
  std::uint64_t received_ = 0;  // bytes of the file so far
  std::uint64_t to_skip_ = 0;   // a server without ranges sends again what we have
  file_version now_;            // of the answer under way
  std::string range_now_;       // its Content-Range
  std::string refusal_body_;
  std::string problem_;  // why this answer cannot be used
  bool status_seen_ = false;
  bool paused_ = false;
  bool complete_ = false;
  int breaks_ = 0;
};

result<> http_source::begin() {
  easy_.reset(curl_easy_init());
  if (!easy_ || !multi_)
    return fail("'{}' cannot be read: no memory; read fewer at a time (--jobs)", request_.shown);
  CURL* c = easy_.get();
  curl_easy_setopt(c, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.silence_max.count()));
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "atelier");
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, this);
  curl_slist* headers = nullptr;
  const auto add = [&](const std::string& line) { headers = curl_slist_append(headers, line.c_str()); };
  if (request_.as && !request_.as->access_key.empty()) {
    // libcurl signs the headers that we name. It would leave the port out of the host.
    add("Host: " + host_of(request_.url));
    add("x-amz-content-sha256: UNSIGNED-PAYLOAD");
    if (!request_.as->session_token.empty()) add("x-amz-security-token: " + request_.as->session_token);
    curl_easy_setopt(c, CURLOPT_AWS_SIGV4, ("aws:amz:" + request_.as->region + ":s3").c_str());
    curl_easy_setopt(c, CURLOPT_USERNAME, request_.as->access_key.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, request_.as->secret_key.c_str());
  } else if (!request_.as) {
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  }
  if (received_ > 0) {
    curl_easy_setopt(c, CURLOPT_RANGE, fmt::format("{}-", received_).c_str());
    if (const auto& tag = request_.seen->tag; !tag.empty() && !tag.starts_with("W/")) add("If-Match: " + tag);
  }
  headers_.reset(headers);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
  now_ = {};
  range_now_.clear();
  refusal_body_.clear();
  problem_.clear();
  status_seen_ = paused_ = false;
  to_skip_ = 0;
  curl_multi_add_handle(multi_.get(), c);
  return {};
}

void http_source::stop() {
  if (easy_) curl_multi_remove_handle(multi_.get(), easy_.get());
  easy_.reset();
}

std::size_t http_source::on_header(char* bytes, std::size_t, std::size_t n, void* self) {
  auto& us = *static_cast<http_source*>(self);
  const std::string_view line(bytes, n);
  if (line.starts_with("HTTP/")) {  // of a redirect, or of what it leads to
    us.now_ = {};
    us.range_now_.clear();
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return n;
  const auto is = [&](const char* name) {
    return colon == std::strlen(name) && strncasecmp(line.data(), name, colon) == 0;
  };
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (is("etag")) us.now_.tag = value;
  if (is("last-modified")) us.now_.modified = value;
  if (is("content-range")) us.range_now_ = value;
  return n;
}

// The first byte of a body: is it of the file, from the place where we are, and of the same version?
void http_source::see_status() {
  status_seen_ = true;
  long status = 0;
  curl_off_t length = -1;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (status != 200 && status != 206) return;
  if (status == 206)
    now_.bytes = bytes_in_all(range_now_);
  else if (length >= 0)
    now_.bytes = static_cast<std::uint64_t>(length);
  auto& seen = *request_.seen;
  if (are_different(seen, now_))
    problem_ = "it was changed while it was being read";
  else if (received_ > 0 && status == 200)
    to_skip_ = received_;
  else if (received_ > 0 && !range_now_.starts_with(fmt::format("bytes {}-", received_)))
    problem_ = fmt::format("the server sent another range ('{}') than the one it was asked for", range_now_);
  if (seen.tag.empty()) seen.tag = now_.tag;
  if (seen.modified.empty()) seen.modified = now_.modified;
  if (!seen.bytes) seen.bytes = now_.bytes;
}

std::size_t http_source::on_body(char* bytes, std::size_t, std::size_t n, void* self) {
  auto& us = *static_cast<http_source*>(self);
  if (!us.status_seen_) us.see_status();
  long status = 0;
  curl_easy_getinfo(us.easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 && status != 206) {
    us.refusal_body_.append(
        bytes, std::min(n, refusal_bytes_max - std::min(refusal_bytes_max, us.refusal_body_.size())));
    return n;
  }
  if (!us.problem_.empty()) return CURL_WRITEFUNC_ERROR;
  if (us.waiting_.size() - us.taken_ > waiting_bytes_max) {
    us.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  const auto skipped = std::min<std::uint64_t>(us.to_skip_, n);
  us.to_skip_ -= skipped;
  us.waiting_.append(bytes + skipped, n - skipped);
  us.received_ += n - skipped;
  if (n > skipped) us.breaks_ = 0;
  return n;
}

failure http_source::refusal() {
  const long status = this->status();
  const auto code = code_in(refusal_body_);
  const auto said = code.empty() ? std::to_string(status) : fmt::format("{} {}", status, code);
  if (request_.as && (status == 401 || status == 403))
    return fail(
        "'{}' cannot be read: the service says {}; check AWS_PROFILE or AWS_ACCESS_KEY_ID, the region, and "
        "what "
        "this key may read",
        request_.shown, said);
  if (request_.as && (status == 301 || status == 307 || code == "AuthorizationHeaderMalformed"))
    return fail("'{}' cannot be read: the service says {}; name the bucket's region in AWS_REGION",
                request_.shown, said);
  if (status == 404)
    return fail("'{}' is not there: the server says {}; check the address", request_.shown, said);
  return fail("'{}' cannot be read: the server says {}; check the address, or ask who runs it",
              request_.shown, said);
}

result<> http_source::take_up_again(const std::string& why) {
  if (++breaks_ > breaks_max)
    return fail("'{}' cannot be read: {} ({} times, {} bytes came before); try later", request_.shown, why,
                breaks_max, received_);
  log::warning("the transfer broke and goes on where it was source={} bytes={} why={}", request_.shown,
               received_, why);
  stop();
  std::this_thread::sleep_for(
      std::min<std::chrono::milliseconds>(first_pause * (1 << (breaks_ - 1)), longest_pause));
  return begin();
}

result<> http_source::judge_end(CURLcode code) {
  if (!status_seen_) see_status();  // there was no body
  if (!problem_.empty()) return fail("'{}' cannot be read on: {}; start again", request_.shown, problem_);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK) {
    if (status == 412)
      return fail("'{}' cannot be read on: it was changed while it was being read; start again",
                  request_.shown);
    const auto& size = request_.seen->bytes;
    if (status == 416 && size && received_ == *size) status = 206;  // there was nothing left to send
    if (status == 429 || status >= 500) return take_up_again(fmt::format("the server says {}", status));
    if (status != 200 && status != 206) return refusal();
    if (size && received_ < *size) return take_up_again("it ended too early");
    complete_ = true;
    return {};
  }
  const bool can_go_on = code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
                         code == CURLE_GOT_NOTHING || code == CURLE_OPERATION_TIMEDOUT ||
                         code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM ||
                         (code == CURLE_COULDNT_CONNECT && received_ > 0);
  if (can_go_on) return take_up_again(curl_easy_strerror(code));
  return fail("'{}' cannot be read: {}; check the address", request_.shown, curl_easy_strerror(code));
}

result<> http_source::wait_for_bytes() {
  while (taken_ == waiting_.size() && !complete_) {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
        message && message->msg == CURLMSG_DONE) {
      if (auto judged = judge_end(message->data.result); !judged) return judged;
    } else if (taken_ == waiting_.size()) {
      curl_multi_poll(multi_.get(), nullptr, 0, 1000, nullptr);
    }
  }
  return {};
}

}  // namespace

result<std::unique_ptr<byte_source>> open_http(http_request request) {
  start_curl_once();
  auto source = std::make_unique<http_source>(std::move(request));
  if (auto opened = source->open(); !opened) return opened.error();
  return std::unique_ptr<byte_source>(std::move(source));
}

result<std::string> read_http(http_request request, std::size_t bytes_max, long& status) {
  start_curl_once();
  const auto shown = request.shown;
  http_source source(std::move(request));
  const auto opened = source.open();
  status = source.status();
  if (!opened) return opened.error();
  std::string all(bytes_max + 1, '\0');
  const auto got = read_fully(source, all);
  if (!got) return got.error();
  if (*got > bytes_max)
    return fail("'{}' has more than the {} bytes that are expected there: check the address", shown,
                bytes_max);
  all.resize(*got);
  return all;
}

std::string shown_address(const std::string& url) {
  auto shown = url.substr(0, url.find_first_of("?#"));
  const auto begin = shown.find("://") + 3;
  const auto end = std::min(shown.find('/', begin), shown.size());
  const auto at = shown.rfind('@', end);
  if (at != std::string::npos && at >= begin) shown.erase(begin, at + 1 - begin);
  return shown;
}

}  // namespace atelier::etl
