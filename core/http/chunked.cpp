#include "core/http/chunked.hpp"

#include "core/hex.hpp"

#include <algorithm>

namespace atelier::http {
namespace {

bool is_token(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_text(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

}  // namespace

// False: malformed. A line may end behind a name or a value, not behind the blanks after them.
bool chunked_decoder::read_extension(char c) {
  switch (state_) {
    case state::before_semicolon:
    case state::after_value:
      if (c == ';') state_ = state::before_name;
      return c == ';' || is_blank(c);
    case state::before_name:
      if (is_token(c)) state_ = state::name;
      return is_token(c) || is_blank(c);
    case state::name:
    case state::after_name:
      if (c == '=')
        state_ = state::before_value;
      else if (c == ';')
        state_ = state::before_name;
      else if (is_blank(c))
        state_ = state::after_name;
      else if (state_ == state::name && c == '\r')
        state_ = state::size_newline;
      else
        return state_ == state::name && is_token(c);
      return true;
    case state::before_value:
      if (c == '"')
        state_ = state::quoted_value;
      else if (is_token(c))
        state_ = state::value;
      else
        return is_blank(c);
      return true;
    case state::value:
      if (c == ';')
        state_ = state::before_name;
      else if (is_blank(c))
        state_ = state::after_value;
      else if (c == '\r')
        state_ = state::size_newline;
      else
        return is_token(c);
      return true;
    case state::quoted_value:
      if (c == '"')
        state_ = state::value_ended;
      else if (c == '\\')
        state_ = state::escaped;
      return is_text(c);
    case state::value_ended:
      if (c == ';')
        state_ = state::before_name;
      else if (c == '\r')
        state_ = state::size_newline;
      else if (is_blank(c))
        state_ = state::after_value;
      else
        return false;
      return true;
    case state::escaped:
      state_ = state::quoted_value;
      return is_text(c);
    default:
      return false;
  }
}

chunked_decoder::step chunked_decoder::decode(std::string_view input) {
  const auto broken = [this](std::size_t at) {
    state_ = state::broken;
    return step{step::kind::refused, at, {}};
  };
  for (std::size_t i = 0; i < input.size(); ++i) {
    const char c = input[i];
    switch (state_) {
      case state::size: {
        if (++line_bytes_ > line_bytes_max) return broken(i);
        if (const int digit = hex_digit(c); digit >= 0) {
          if (left_ >> 59) return broken(i);  // would not fit into 63 bits
          left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
          digits_seen_ = true;
        } else if (!digits_seen_) {
          return broken(i);
        } else if (c == ';') {
          state_ = state::before_name;
        } else if (is_blank(c)) {
          state_ = state::before_semicolon;
        } else if (c == '\r') {
          state_ = state::size_newline;
        } else {
          return broken(i);
        }
        break;
      }
      case state::before_semicolon:
      case state::before_name:
      case state::name:
      case state::after_name:
      case state::before_value:
      case state::value:
      case state::quoted_value:
      case state::escaped:
      case state::value_ended:
      case state::after_value:
        if (++line_bytes_ > line_bytes_max || !read_extension(c)) return broken(i);
        break;
      case state::size_newline:
        if (c != '\n') return broken(i);
        line_bytes_ = 0;
        digits_seen_ = false;
        state_ = left_ > 0 ? state::data : state::trailer_start;
        break;
      case state::data: {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - i));
        left_ -= n;
        if (left_ == 0) state_ = state::data_cr;
        return {step::kind::data, i + n, input.substr(i, n)};
      }
      case state::data_cr:
        if (c != '\r') return broken(i);
        state_ = state::data_newline;
        break;
      case state::data_newline:
        if (c != '\n') return broken(i);
        state_ = state::size;
        break;
      case state::trailer_start:
        if (c == '\r') {
          state_ = state::end_newline;
          break;
        }
        if (c == ':') return broken(i);
        state_ = state::trailer_name;
        [[fallthrough]];
      case state::trailer_name:
        if (++line_bytes_ > trailer_bytes_max) return broken(i);
        if (c == ':')
          state_ = state::trailer;
        else if (!is_token(c))
          return broken(i);
        break;
      case state::trailer:
        if (++line_bytes_ > trailer_bytes_max) return broken(i);
        if (c == '\r')
          state_ = state::trailer_newline;
        else if (!is_text(c))
          return broken(i);
        break;
      case state::trailer_newline:
        if (c != '\n') return broken(i);
        state_ = state::trailer_start;
        break;
      case state::end_newline:
        if (c != '\n') return broken(i);
        state_ = state::done;
        return {step::kind::complete, i + 1, {}};
      case state::done:
        return {step::kind::complete, i, {}};
      case state::broken:
        return broken(i);
    }
  }
  return {state_ == state::done ? step::kind::complete : step::kind::more, input.size(), {}};
}

}  // namespace atelier::http
