#include "etl/photo_spill.hpp"

#include "etl/spool.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace atelier::etl {
namespace {

constexpr int chain_steps_max =
    64;  // looked back for an echo; beyond, the photo is contested, which is right and slower

}  // namespace

struct photo_spill::head {
  std::uint64_t previous;  // position of the parent's photo before, plus one
  std::int64_t id;
  std::int64_t parent;
  std::uint64_t line;
  std::uint64_t offset;
  std::uint32_t repairs;
  std::uint32_t file;
  std::uint32_t raw_bytes;
  std::uint32_t url_begin;  // within the raw record, or behind it
  std::uint32_t url_bytes;
  std::uint32_t is_echo;

  std::size_t size() const { return sizeof(head) + std::max(raw_bytes, url_begin + url_bytes); }
};

result<photo_spill> photo_spill::create(bool is_wanted) {
  if (!is_wanted) return photo_spill(-1);
  const auto descriptor = open_unnamed_file();
  if (!descriptor) return descriptor.error();
  photo_spill made(*descriptor);
  made.unwritten_.reserve(window_bytes);
  return made;
}

photo_spill::photo_spill(photo_spill&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      unwritten_(std::move(other.unwritten_)),
      written_(other.written_),
      window_(std::move(other.window_)),
      window_begin_(other.window_begin_),
      last_of_(std::move(other.last_of_)),
      seen_(std::move(other.seen_)),
      contested_(std::move(other.contested_)) {}
photo_spill::~photo_spill() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

result<> photo_spill::flush() {
  if (auto done = write_at(descriptor_, {unwritten_.data(), unwritten_.size()}, written_); !done) return done;
  written_ += unwritten_.size();
  unwritten_.clear();
  return {};
}

// The record at a position, whole. `back`: so many bytes before it are wanted too, because those are asked
// for next.
result<const char*> photo_spill::at(std::uint64_t position, std::size_t back) {
  if (position >= written_) return unwritten_.data() + (position - written_);
  const auto fits = [&](std::size_t bytes) {
    return position >= window_begin_ && position + bytes <= window_begin_ + window_.size();
  };
  const auto load = [&](std::uint64_t from, std::size_t bytes) -> result<> {
    window_begin_ = from;
    window_.resize(std::min<std::uint64_t>(bytes, written_ - from));
    return read_at(descriptor_, window_, from);
  };
  const auto size = [&] {
    head h;
    std::memcpy(&h, window_.data() + (position - window_begin_), sizeof(head));
    return h.size();
  };
  if (!fits(sizeof(head)) || !fits(size())) {
    if (auto loaded = load(position - std::min<std::uint64_t>(position, back), window_bytes); !loaded)
      return loaded.error();
    if (!fits(size()))
      if (auto loaded = load(position, size()); !loaded) return loaded.error();
  }
  return window_.data() + (position - window_begin_);
}

result<> photo_spill::add(const record& r, const row& values, std::uint32_t file) {
  const auto id = values.values[0].number;
  const auto parent = values.values[1].number;
  const auto url = values.values[2].text;
  const auto raw = r.raw;
  const bool inside = url.data() >= raw.data() && url.data() < raw.data() + raw.size();
  head h{last_of_.find(parent),
         id,
         parent,
         r.line,
         r.offset,
         values.repairs,
         file,
         static_cast<std::uint32_t>(raw.size()),
         0,
         static_cast<std::uint32_t>(url.size()),
         0};
  h.url_begin = inside ? static_cast<std::uint32_t>(url.data() - raw.data()) : h.raw_bytes;
  if (!seen_.insert(id)) {
    auto step = h.previous;
    for (int steps = 0; step != 0 && !h.is_echo && steps < chain_steps_max; ++steps) {
      const auto before = at(step - 1, window_bytes / 2);
      if (!before) return before.error();
      head other;
      std::memcpy(&other, *before, sizeof other);
      h.is_echo = other.id == id;
      step = other.previous;
    }
    if (!h.is_echo) contested_.insert(id);
  }
  if (!h.is_echo) last_of_.at(parent) = written_ + unwritten_.size() + 1;
  const auto* bytes = reinterpret_cast<const char*>(&h);
  unwritten_.insert(unwritten_.end(), bytes, bytes + sizeof h);
  unwritten_.insert(unwritten_.end(), raw.begin(), raw.end());
  if (!inside) unwritten_.insert(unwritten_.end(), url.begin(), url.end());
  return unwritten_.size() >= window_bytes ? flush() : result<>{};
}

result<> photo_spill::photos_of(std::int64_t parent, std::vector<photo>& out) {
  out.clear();
  auto step = last_of_.find(parent);
  if (step == 0) return {};
  own_.clear();
  own_begins_.clear();
  while (step != 0) {
    const auto found = at(step - 1, window_bytes / 8);
    if (!found) return found.error();
    head h;
    std::memcpy(&h, *found, sizeof h);
    step = h.previous;
    if (contested_.contains(h.id)) continue;
    const char* url = *found + sizeof h + h.url_begin;
    own_begins_.push_back(own_.size());
    own_.insert(own_.end(), url, url + h.url_bytes);
    out.push_back({h.id, std::string_view(nullptr, 0)});
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto end = i + 1 < out.size() ? own_begins_[i + 1] : own_.size();
    out[i].url = {own_.data() + own_begins_[i], end - own_begins_[i]};
  }
  std::sort(out.begin(), out.end(), [](const photo& a, const photo& b) { return a.id < b.id; });
  return {};
}

result<> photo_spill::for_each(const std::function<result<>(const waiting_photo&)>& see) {
  if (auto flushed = flush(); !flushed) return flushed;
  for (std::uint64_t position = 0; position < written_;) {
    const auto found = at(position, 0);
    if (!found) return found.error();
    head h;
    std::memcpy(&h, *found, sizeof h);
    const char* raw = *found + sizeof h;
    auto seen = see({h.id,
                     h.parent,
                     h.line,
                     h.offset,
                     h.repairs,
                     h.file,
                     h.is_echo != 0,
                     contested_.contains(h.id),
                     {raw, h.raw_bytes},
                     {raw + h.url_begin, h.url_bytes}});
    if (!seen) return seen;
    position += h.size();
  }
  return {};
}

}  // namespace atelier::etl
