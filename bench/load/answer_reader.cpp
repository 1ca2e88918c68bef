#include "bench/load/answer_reader.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::bench {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (lower(line[i]) != name[i]) return false;
  }
  return true;
}

bool has_word(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

std::string_view value_of(std::string_view line, std::size_t name_size) {
  auto v = line.substr(name_size + 1);
  while (!v.empty() && (v.front() == ' ' || v.front() == '\t')) v.remove_prefix(1);
  while (!v.empty() && (v.back() == ' ' || v.back() == '\t')) v.remove_suffix(1);
  return v;
}

bool read_number(std::string_view text, std::uint64_t& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void answer_reader::begin(bool to_head, bool keep_head, bool keep_body) {
  stage_ = stage::head;
  to_head_ = to_head;
  keep_head_ = keep_head;
  keep_body_ = keep_body;
  body_bytes_ = 0;
  partial_.clear();
  head_.clear();
  body_.clear();
}

answer_reader::state answer_reader::feed(std::string_view& input) {
  for (;;) {
    state now = state::more;
    switch (stage_) {
      case stage::head:
        now = read_head(input);
        break;
      case stage::chunk_size:
        now = read_chunk_size(input);
        break;
      case stage::chunk_end:
      case stage::trailer:
        now = read_line(input);
        break;
      default:
        now = read_body(input);
        break;
    }
    if (now != state::more || input.empty()) return now;
  }
}

answer_reader::state answer_reader::read_head(std::string_view& input) {
  constexpr std::string_view end = "\r\n\r\n";
  std::string_view head;
  if (partial_.empty()) {
    const auto at = input.find(end);
    if (at != input.npos) {
      head = input.substr(0, at + end.size());
      input.remove_prefix(head.size());
    }
  }
  if (head.empty()) {
    const auto from = partial_.size() > 3 ? partial_.size() - 3 : 0;
    partial_ += input;
    const auto at = partial_.find(end, from);
    if (at == partial_.npos) {
      input = {};
      return partial_.size() > head_bytes_max ? state::bad : state::more;
    }
    const auto surplus = partial_.size() - (at + end.size());
    input.remove_prefix(input.size() - surplus);
    partial_.resize(at + end.size());
    head = partial_;
  }
  if (!parse_head(head)) return state::bad;
  if (keep_head_) head_ = head;
  partial_.clear();
  if (status_ < 200) return state::more;  // an interim answer: the stage is still the head
  if (to_head_ || status_ == 204 || status_ == 304 || (has_length_ && left_ == 0 && !is_chunked_))
    return state::done;
  stage_ = is_chunked_ ? stage::chunk_size : has_length_ ? stage::body : stage::body_to_end;
  if (stage_ == stage::body_to_end) keeps_connection_ = false;
  return state::more;
}

bool answer_reader::parse_head(std::string_view head) {
  if (head.size() < 16 || !head.starts_with("HTTP/1.") || head[8] != ' ') return false;
  keeps_connection_ = head[7] == '1';
  has_length_ = is_chunked_ = false;
  left_ = 0;
  status_ = 0;
  for (std::size_t i = 9; i < 12; ++i) {
    if (head[i] < '0' || head[i] > '9') return false;
    status_ = status_ * 10 + (head[i] - '0');
  }
  if (status_ < 100) return false;
  for (auto line_end = head.find("\r\n"); line_end + 2 < head.size();) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    if (!parse_field(head.substr(0, line_end))) return false;
  }
  return true;
}

bool answer_reader::parse_field(std::string_view line) {
  if (line.empty()) return true;
  switch (lower(line[0])) {
    case 'c':
      if (same_name(line, "content-length")) {
        has_length_ = true;
        return read_number(value_of(line, 14), left_, 10);
      }
      if (same_name(line, "connection")) {
        if (has_word(line, "close")) keeps_connection_ = false;
        if (has_word(line, "keep-alive")) keeps_connection_ = true;
      }
      return true;
    case 't':
      if (same_name(line, "transfer-encoding")) {
        is_chunked_ = has_word(line, "chunked");
        return is_chunked_;
      }
      return true;
    default:
      return line.find(':') != line.npos;
  }
}

void answer_reader::take(std::string_view& input, std::uint64_t most) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, input.size()));
  if (keep_body_ && body_.size() + size <= kept_bytes_max) body_ += input.substr(0, size);
  body_bytes_ += size;
  input.remove_prefix(size);
}

answer_reader::state answer_reader::read_body(std::string_view& input) {
  if (stage_ == stage::body_to_end) {
    take(input, input.size());
    return state::more;
  }
  const auto before = input.size();
  take(input, left_);
  left_ -= before - input.size();
  if (left_ > 0) return state::more;
  if (stage_ == stage::body) return state::done;
  stage_ = stage::chunk_end;
  return state::more;
}

// One whole line; what comes in pieces is kept until then.
answer_reader::state answer_reader::read_line(std::string_view& input) {
  const auto end = input.find('\n');
  partial_ += input.substr(0, end == input.npos ? end : end + 1);
  input.remove_prefix(end == input.npos ? input.size() : end + 1);
  if (end == input.npos || partial_.empty() || partial_.back() != '\n')
    return partial_.size() > head_bytes_max ? state::bad : state::more;
  const bool is_blank = partial_ == "\r\n";
  partial_.clear();
  if (stage_ == stage::trailer) return is_blank ? state::done : state::more;
  if (!is_blank) return state::bad;
  stage_ = stage::chunk_size;
  return state::more;
}

answer_reader::state answer_reader::read_chunk_size(std::string_view& input) {
  const auto end = input.find('\n');
  partial_ += input.substr(0, end == input.npos ? end : end + 1);
  input.remove_prefix(end == input.npos ? input.size() : end + 1);
  if (partial_.empty() || partial_.back() != '\n') return partial_.size() > 4096 ? state::bad : state::more;
  auto digits = std::string_view(partial_).substr(0, partial_.find_first_of(";\r\n "));
  if (digits.empty() || !read_number(digits, left_, 16)) return state::bad;
  partial_.clear();
  stage_ = left_ == 0 ? stage::trailer : stage::chunk;
  return state::more;
}

std::string_view field_of(std::string_view head, std::string_view name, bool& is_there) {
  is_there = false;
  for (auto line_end = head.find("\r\n"); line_end != head.npos && line_end + 2 < head.size();) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    if (!same_name(head.substr(0, line_end), name)) continue;
    is_there = true;
    return value_of(head.substr(0, line_end), name.size());
  }
  return {};
}

}  // namespace atelier::bench
