#include "etl/copy_writer.hpp"

namespace atelier::etl {
namespace {

static_assert(std::endian::native == std::endian::little, "the wire is big-endian; this writer swaps");

}  // namespace

result<copy_writer> copy_writer::start(db::session& session, std::string_view into, bool freeze) {
  const auto sql = fmt::format("copy {} from stdin with (format binary{})", into, freeze ? ", freeze" : "");
  if (auto started = session.copy_start(sql); !started) return started.error();
  copy_writer writer(session);
  writer.buffer_.append("PGCOPY\n\xff\r\n\0", 11);
  writer.put(std::int32_t{0});  // flags
  writer.put(std::int32_t{0});  // extension
  return writer;
}

void copy_writer::text(std::string_view v) {
  put(static_cast<std::int32_t>(v.size()));
  buffer_.append(v);
}

std::size_t copy_writer::begin_array(std::int32_t type, std::size_t items, bool has_null) {
  const auto at = buffer_.size();
  put(std::int32_t{0});  // the size, known at the end
  put(std::int32_t{items == 0 ? 0 : 1});
  put(std::int32_t{has_null ? 1 : 0});
  put(type);
  if (items > 0) {
    put(static_cast<std::int32_t>(items));
    put(std::int32_t{1});
  }
  return at;
}

void copy_writer::end_array(std::size_t at) {
  const auto size = __builtin_bswap32(static_cast<std::uint32_t>(buffer_.size() - at - 4));
  std::memcpy(buffer_.data() + at, &size, 4);
}

void copy_writer::int64_array(std::span<const std::int64_t> items) { int64_array(items, std::identity{}); }

void copy_writer::text_array(std::span<const std::string_view> items, std::span<const bool> is_null) {
  bool has_null = false;
  for (const bool none : is_null) has_null |= none;
  const auto at = begin_array(text_oid, items.size(), has_null);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!is_null.empty() && is_null[i])
      null();
    else
      text(items[i]);
  }
  end_array(at);
}

void copy_writer::send() {
  if (!problem_)
    if (auto sent = session_->copy_put(buffer_); !sent) problem_ = sent.error();
  buffer_.clear();
}

result<std::size_t> copy_writer::finish() {
  put(std::int16_t{-1});
  send();
  auto taken = session_->copy_end();  // says more than a failed send
  if (!taken) return taken.error();
  if (problem_) return *problem_;
  if (*taken != rows_)
    return fail(
        "PostgreSQL took {} of {} rows of a COPY: nothing was published; load again, and tell us if it stays",
        *taken, rows_);
  return taken;
}

void copy_writer::abandon(const std::string& reason) { session_->copy_abandon(reason); }

}  // namespace atelier::etl
