#include "etl/places.hpp"

#include "etl/archive.hpp"
#include "etl/http_source.hpp"
#include "etl/s3.hpp"
#include "etl/spool.hpp"
#include "etl/unpack.hpp"

#include <fmt/ranges.h>
#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <span>

namespace atelier::etl {
namespace {

namespace fs = std::filesystem;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_glob(std::string_view word) { return word.find_first_of("*?[") != std::string_view::npos; }

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](auto ending) { return name.size() > ending.size() && name.ends_with(ending); });
}

void sort_by_name(std::vector<place>& places) {
  std::sort(places.begin(), places.end(),
            [](const place& a, const place& b) { return natural_less(a.shown, b.shown); });
}

place file_place(const std::string& path) {
  place found{.shown = path, .address = path};
  std::error_code error;
  if (const auto size = fs::file_size(path, error); !error) found.bytes = size;
  const auto status = fs::status(path, error);
  if (fs::is_fifo(status) || fs::is_socket(status) || fs::is_character_file(status))
    found.where = place::kind::pipe;
  return found;
}

result<std::vector<place>> places_of_folder(const std::string& folder) {
  std::vector<place> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (is_data_name(at->path().filename().string()) && at->is_regular_file())
      found.push_back(file_place(at->path().string()));
  if (error) return fail("folder '{}' cannot be read: {}; start as a user who may", folder, error.message());
  if (found.empty()) return fail("there is no .csv file in '{}': check the path", folder);
  return found;
}

result<std::vector<place>> places_of_glob(const std::string& pattern) {
  glob_t matched{};
  std::vector<place> found;
  if (::glob(pattern.c_str(), 0, nullptr, &matched) == 0)
    for (std::size_t i = 0; i < matched.gl_pathc; ++i)
      if (!fs::is_directory(matched.gl_pathv[i])) found.push_back(file_place(matched.gl_pathv[i]));
  ::globfree(&matched);
  if (found.empty()) return fail("nothing matches '{}': check the path and the pattern", pattern);
  return found;
}

constexpr long forbidden = 403;  // RFC 9110, 15.5.4

// The object itself; or those below its name, without those of folders further below.
result<std::vector<place>> places_of_bucket(const std::string& address) {
  const auto asked = parse_s3(address);
  if (!asked)
    return fail_with(exit_code::wrong_usage, "'{}' names no bucket: write s3://bucket/prefix", address);
  const auto settings = find_aws_settings(surroundings_of_process());
  const bool by_glob = is_glob(asked->key);
  s3_place beginning{asked->bucket,
                     asked->key.substr(0, by_glob ? asked->key.find_first_of("*?[") : asked->key.size())};
  const auto place_of = [&](const std::string& key, std::optional<std::uint64_t> bytes) {
    const auto name = fmt::format("s3://{}/{}", asked->bucket, key);
    return place{.where = place::kind::s3,
                 .shown = name,
                 .address = name,
                 .bytes = bytes,
                 .seen = std::make_shared<file_version>()};
  };
  long status = 0;
  const auto objects = list_s3(settings, beginning, status);
  // Who may read an object need not be allowed to list its bucket.
  if (!objects && status == forbidden && !by_glob && !asked->key.empty() && !asked->key.ends_with('/'))
    return std::vector<place>{place_of(asked->key, std::nullopt)};
  if (!objects) return objects.error();
  std::vector<place> exact, below;
  for (const auto& object : *objects) {
    const auto one = place_of(object.key, object.bytes);
    if (by_glob) {
      if (::fnmatch(asked->key.c_str(), object.key.c_str(), FNM_PATHNAME) == 0) exact.push_back(one);
      continue;
    }
    if (object.key == asked->key) exact.push_back(one);
    const auto prefix = asked->key.empty() || asked->key.ends_with('/') ? asked->key : asked->key + '/';
    if (object.key.starts_with(prefix) && object.key.find('/', prefix.size()) == std::string::npos &&
        is_data_name(object.key))
      below.push_back(one);
  }
  auto& found = exact.empty() ? below : exact;
  if (found.empty()) return fail("there is no .csv object at '{}': check the bucket and the prefix", address);
  if (by_glob || exact.empty())
    for (auto& one : found) one.from_many = true;
  return found;
}

// What flows by once, of which the first bytes were looked at.
class looked_at_source final : public byte_source {
 public:
  looked_at_source(std::string first, std::unique_ptr<byte_source> rest)
      : rest_(std::move(rest)), all_(std::move(first), *rest_) {}
  result<std::size_t> read(std::span<char> space) override { return all_.read(space); }

 private:
  std::unique_ptr<byte_source> rest_;
  replayed_source all_;
};

class borrowed_source final : public byte_source {
 public:
  explicit borrowed_source(std::shared_ptr<byte_source> from) : from_(std::move(from)) {}
  result<std::size_t> read(std::span<char> space) override { return from_->read(space); }

 private:
  std::shared_ptr<byte_source> from_;
};

result<std::unique_ptr<byte_source>> open_stored(const place& where) {
  if (where.once) return std::unique_ptr<byte_source>(std::make_unique<borrowed_source>(where.once));
  if (where.spooled) return open_file(*where.spooled);
  switch (where.where) {
    case place::kind::file:
    case place::kind::pipe:
      return open_file(where.address);
    case place::kind::standard_input:
      return open_standard_input();
    case place::kind::http:
      return open_http({where.address, where.shown, std::nullopt, where.seen});
    case place::kind::s3:
      break;
  }
  auto object = s3_object_request(find_aws_settings(surroundings_of_process()), *parse_s3(where.address));
  object.seen = where.seen;
  return open_http(std::move(object));
}

constexpr std::size_t names_said_max = 10;  // in a message

std::string names_of(const std::vector<std::string>& all) {
  const auto said = std::span(all).first(std::min(all.size(), names_said_max));
  return fmt::format("{}{}", fmt::join(said, ", "), said.size() < all.size() ? ", …" : "");
}

// A zip file's members instead of itself: those that look like data, or those that are `wanted`, with or
// without their folders. `stream` stands at its beginning.
result<std::vector<place>> members_of(const place& zip, byte_source* stream, const std::string& wanted) {
  auto local = zip;
  if (stream) {
    auto copied = spool(*stream);
    if (!copied) return copied.error();
    local.spooled = std::move(*copied);
  }
  const auto members = members_of_zip(local.spooled ? *local.spooled : local.address);
  if (!members) return members.error();
  std::vector<place> found;
  std::vector<std::string> names;
  for (const auto& member : *members) {
    names.push_back(member.name);
    if (wanted.empty() ? !is_data_name(member.name) || member.name.starts_with("__MACOSX/")
                       : !('/' + member.name).ends_with('/' + wanted))
      continue;
    auto one = local;
    one.member = member.name;
    one.bytes = member.bytes;
    one.shown = zip.shown + '/' + member.name;
    one.from_many = true;
    found.push_back(std::move(one));
  }
  if (found.empty() && !wanted.empty())
    return fail("there is no '{}' in '{}': it has {}", wanted, zip.shown, names_of(names));
  if (found.empty()) return fail("there is no .csv file in '{}': check what was packed", zip.shown);
  sort_by_name(found);
  return found;
}

// Zip files become their members, or those that are `wanted`.
result<std::vector<place>> with_members(std::vector<place> places, const std::string& wanted) {
  std::vector<place> all;
  for (auto& one : places) {
    auto stored = open_stored(one);
    if (!stored) return stored.error();
    if (!one.bytes) one.bytes = (*stored)->size();
    std::string first(packing_bytes, '\0');
    const auto got = read_fully(**stored, first);
    if (!got) return got.error();
    first.resize(*got);
    if (packing_of(first) != packing::zip) {
      if (!wanted.empty())
        return fail_with(exit_code::wrong_usage, "'{}' is no zip file: leave --member out", one.shown);
      if (one.flows_once())
        one.once = std::make_shared<looked_at_source>(std::move(first), std::move(*stored));
      all.push_back(std::move(one));
      continue;
    }
    replayed_source again(first, **stored);
    auto members = members_of(one, one.where == place::kind::file ? nullptr : &again, wanted);
    if (!members) return members.error();
    for (auto& member : *members) all.push_back(std::move(member));
  }
  return all;
}

}  // namespace

bool is_data_name(std::string_view path) {
  std::string name(path.substr(path.find_last_of('/') + 1));
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (name.starts_with('.')) return false;
  for (const std::string_view packed : {".gz", ".zst", ".zstd"})
    if (name.ends_with(packed)) name.resize(name.size() - packed.size());
  if (name.ends_with(".rejects.csv")) return false;
  return ends_with_any(name, {".csv", ".tsv", ".zip"});
}

result<std::unique_ptr<opened_place>> open_place(const place& where, bool is_digested) {
  auto raw = open_stored(where);
  if (!raw) return raw.error();
  auto stored = std::make_unique<stored_source>(std::move(*raw), is_digested);
  std::unique_ptr<byte_source> member;
  if (!where.member.empty()) {
    // The archive is read by its directory; its bytes are counted beside that.
    auto opened = open_zip_member(where.spooled ? *where.spooled : where.address, where.member);
    if (!opened) return opened.error();
    member = std::move(*opened);
  }
  auto& packed = member ? *member : static_cast<byte_source&>(*stored);
  const auto bytes = packed.size();
  std::string first(packing_bytes, '\0');
  const auto got = read_fully(packed, first);
  if (!got) return got.error();
  first.resize(*got);
  const auto how = packing_of(first);
  if (how == packing::zip && member)
    return fail("'{}' is a zip file in a zip file: unpack the outer one first", where.shown);
  if (how == packing::zip)
    return fail("'{}' is a zip file, which cannot be read as a stream: give its path", where.shown);
  std::unique_ptr<byte_source> whole;
  if (member)
    whole = std::make_unique<looked_at_source>(std::move(first), std::move(member));
  else
    whole = std::make_unique<replayed_source>(std::move(first), *stored);
  std::unique_ptr<byte_source> inside;
  if (how != packing::none) inside = unpacked(how, where.shown, *whole);
  return std::make_unique<opened_place>(std::move(stored), std::move(whole), std::move(inside),
                                        how == packing::none ? bytes : std::nullopt);
}

result<std::vector<place>> find_places(const std::string& word, const std::string& member) {
  result<std::vector<place>> found = std::vector<place>{};
  if (word == "-") {
    found =
        std::vector<place>{{.where = place::kind::standard_input, .shown = "standard input", .address = "-"}};
  } else if (word.starts_with("s3://")) {
    found = places_of_bucket(word);
  } else if (word.starts_with("http://") || word.starts_with("https://")) {
    found = std::vector<place>{{.where = place::kind::http,
                                .shown = shown_address(word),
                                .address = word,
                                .seen = std::make_shared<file_version>()}};
  } else if (word.find("://") != std::string::npos && !fs::exists(word)) {
    return fail_with(exit_code::wrong_usage,
                     "'{}' is of a kind that cannot be read from: write http://, https:// or s3://", word);
  } else if (fs::is_directory(word)) {
    found = places_of_folder(word);
    if (found)
      for (auto& one : *found) one.from_many = true;
  } else if (!fs::exists(word) && is_glob(word)) {
    found = places_of_glob(word);
  } else {
    found = std::vector<place>{file_place(word)};
  }
  if (!found) return found;
  sort_by_name(*found);
  return with_members(std::move(*found), member);
}

result<place> find_place(const std::string& word, const std::string& member) {
  auto found = find_places(word, member);
  if (!found) return found.error();
  if (found->size() == 1) return std::move(found->front());
  std::vector<std::string> names;
  for (auto& one : *found) {
    if (!member.empty() && one.member == member) return std::move(one);
    names.push_back(one.member.empty() ? one.shown : one.member);
  }
  const auto& first = found->front();
  if (first.member.empty())
    return fail_with(exit_code::wrong_usage, "'{}' is {} files: name one of them: {}", word, names.size(),
                     names_of(names));
  return fail_with(exit_code::wrong_usage, "'{}' has {} files: name one of them with --member: {}",
                   first.shown.substr(0, first.shown.size() - first.member.size() - 1), names.size(),
                   names_of(names));
}

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto number = [](std::string_view text, std::size_t& at) {
        while (at < text.size() && text[at] == '0') ++at;
        const auto start = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return text.substr(start, at - start);
      };
      const auto x = number(a, i), y = number(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else if (a[i] != b[j]) {
      // The end of a name before anything that follows it: reviews.csv before reviews_2.csv.
      if (a[i] == '.' || b[j] == '.') return a[i] == '.';
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  if ((i == a.size()) != (j == b.size())) return i == a.size();
  return a < b;
}

}  // namespace atelier::etl
