#include "core/http/fields.hpp"

#include "core/http/characters.hpp"

#include <cstring>

namespace atelier::http {

bool list_contains(std::string_view list, std::string_view lower_case_word) {
  bool found = false;
  for_each_element(list, [&](std::string_view element) {
    found |= equals_ignoring_case(trim(element.substr(0, element.find(';'))), lower_case_word);
  });
  return found;
}

std::optional<std::string_view> field_list::find(std::string_view lower_case_name) const {
  for (const auto& f : *this)
    if (equals_ignoring_case(f.name, lower_case_name)) return f.value;
  return std::nullopt;
}

bool field_list::add(std::string_view name, std::string_view value) {
  if (count_ == fields_max) return false;
  fields_[count_++] = {name, value};
  return true;
}

namespace {

// Digits and nothing else (RFC 9110 section 8.6), of a number that others can hold too.
bool read_length(std::string_view digits, std::uint64_t& length) {
  length = 0;
  for (const char c : digits) {
    if (!is_digit(c) || length > INT64_MAX / 10) return false;
    length = length * 10 + static_cast<unsigned>(c - '0');
  }
  return !digits.empty() && length <= INT64_MAX;
}

}  // namespace

void framing_fields::see(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (equals_ignoring_case(name, "host")) ++hosts, host = value;
      break;
    case 6:
      if (equals_ignoring_case(name, "expect"))
        (equals_ignoring_case(value, "100-continue") ? expects_continue : other_expectation) = true;
      break;
    case 10:
      if (equals_ignoring_case(name, "connection"))
        for_each_element(value, [this](std::string_view word) {
          close |= equals_ignoring_case(word, "close");
          keep_alive |= equals_ignoring_case(word, "keep-alive");
          upgrade |= equals_ignoring_case(word, "upgrade");
        });
      break;
    case 14:
      if (equals_ignoring_case(name, "content-length")) {
        ++lengths;
        bad_length |= !read_length(value, length);
      }
      break;
    case 17:
      if (equals_ignoring_case(name, "transfer-encoding")) {
        ++encodings;
        bad_coding |= value.starts_with(',') || value.ends_with(',');  // to some readers not `chunked`
        for_each_element(value, [this](std::string_view coding) {
          bad_coding |= chunked;  // something behind chunked
          chunked_last = equals_ignoring_case(coding, "chunked");
          (chunked_last ? chunked : other_coding) = true;
        });
      }
      break;
    default:
      break;
  }
}

namespace {

// Moves `at` over CR LF. Anything else there is a bare CR, a bare LF or a control character inside a line.
enum class line_end : std::uint8_t { passed, incomplete, wrong };

line_end pass_line_end(const char*& at, const char* end) {
  if (at == end) return line_end::incomplete;
  if (*at != '\r') return line_end::wrong;
  if (at + 1 == end) return line_end::incomplete;
  if (at[1] != '\n') return line_end::wrong;
  at += 2;
  return line_end::passed;
}

}  // namespace

std::optional<head_outcome> read_fields(std::string_view bytes, std::size_t& at, const head_limits& limits,
                                        field_list& out, framing_fields& seen, message kind) {
  const unsigned bad = kind == message::request ? 400 : 502;
  const unsigned too_large = kind == message::request ? 431 : 502;
  const auto* const end = bytes.data() + bytes.size();
  const auto* here = bytes.data() + at;
  const auto view = [](const char* from, const char* to) {
    return std::string_view(from, static_cast<std::size_t>(to - from));
  };
  const auto unfinished = [&] {
    return bytes.size() > limits.head_bytes_max ? refused(too_large, "head too large") : incomplete();
  };
  out.clear();
  for (;;) {
    if (here == end) return unfinished();
    const auto* const name = here;
    here = pass_plain_name(here, end);
    while (here != end && classes.token[static_cast<unsigned char>(*here)]) ++here;
    if (here == name) {
      const auto ended = pass_line_end(here, end);
      if (ended == line_end::incomplete) return unfinished();
      if (ended == line_end::wrong) return refused(bad, "malformed field name");
      break;
    }
    if (here == end) return unfinished();
    if (*here != ':') return refused(bad, "malformed field name");
    const auto named = view(name, here);
    const auto* const value = ++here;
    here = find_control(here, end);
    const auto valued = trim(view(value, here));
    const auto ended = pass_line_end(here, end);
    if (ended == line_end::incomplete) return unfinished();
    if (ended == line_end::wrong) return refused(bad, "bare CR, bare LF or control character in a field");
    if (static_cast<std::size_t>(here - bytes.data()) > limits.head_bytes_max)
      return refused(too_large, "head too large");
    if (!out.add(named, valued)) return refused(too_large, "too many fields");
    seen.see(named, valued);
  }
  at = static_cast<std::size_t>(here - bytes.data());
  if (at > limits.head_bytes_max) return refused(too_large, "head too large");
  return std::nullopt;
}

line_outcome next_line(std::string_view bytes, std::size_t at) {
  const auto* start = bytes.data() + at;
  const auto* newline = static_cast<const char*>(std::memchr(start, '\n', bytes.size() - at));
  if (!newline) return {line_outcome::kind::incomplete, bytes.substr(at)};
  if (newline == start || newline[-1] != '\r') return {line_outcome::kind::bare_lf, {}};
  return {line_outcome::kind::line, {start, static_cast<std::size_t>(newline - start) - 1}};
}

std::optional<head_outcome> read_framing(const framing_fields& seen, int minor, framing& body,
                                         std::uint64_t& length, message kind) {
  const bool is_request = kind == message::request;
  const unsigned bad = is_request ? 400 : 502;
  if (seen.lengths > 1 || seen.bad_length) return refused(bad, "malformed or repeated Content-Length");
  if (seen.encodings > 0) {
    if (seen.lengths > 0) return refused(bad, "Content-Length beside Transfer-Encoding");
    if (minor == 0) return refused(bad, "Transfer-Encoding in HTTP/1.0");
    if (seen.encodings > 1 || seen.bad_coding || !seen.chunked_last)
      return refused(bad, "malformed Transfer-Encoding");
    if (seen.other_coding) return refused(is_request ? 501 : 502, "transfer coding other than chunked");
    body = framing::chunked;
    return std::nullopt;
  }
  body = seen.lengths == 1 && (seen.length > 0 || !is_request) ? framing::sized : framing::none;
  length = seen.length;
  return std::nullopt;
}

bool wants_keep_alive(const framing_fields& seen, int minor) {
  return !seen.close && (minor == 1 || seen.keep_alive);
}

std::optional<head_outcome> read_version(std::string_view text, int& minor, message kind) {
  const bool request = kind == message::request;
  if (text.size() != 8 || std::memcmp(text.data(), "HTTP/", 5) != 0 || text[6] != '.' || !is_digit(text[5]) ||
      !is_digit(text[7]))
    return refused(request ? 400 : 502, "malformed version");
  if (text[5] != '1') return refused(request ? 505 : 502, "version is not HTTP/1");
  minor = text[7] == '0' ? 0 : 1;
  return std::nullopt;
}

}  // namespace atelier::http
