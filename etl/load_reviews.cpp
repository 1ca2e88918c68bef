#include "etl/load_reviews.hpp"

#include "etl/kept_names.hpp"
#include "etl/photos.hpp"

#include <algorithm>
#include <deque>

namespace atelier::etl {
namespace {

constexpr auto review_columns =
    "(product_id, id, date, helpfulness, rating, recommend, reported, summary, body, response, "
    "reviewer_name, reviewer_email, photo_ids,"
    " photo_urls)";
constexpr auto value_columns = "(product_id, id, characteristic_id, review_id, value)";
constexpr auto meta_columns =
    "(product_id, rating_1, rating_2, rating_3, rating_4, rating_5, recommend_false, recommend_true, "
    "characteristic_ids, characteristic_names,"
    " characteristic_sums, characteristic_counts)";

enum review_column : std::size_t {
  id,
  product,
  rating,
  date,
  summary,
  body,
  recommend,
  reported,
  name,
  email,
  response,
  helpfulness
};

struct product_counters {
  std::int64_t product;
  std::array<std::uint32_t, 5> ratings{};
  std::array<std::uint32_t, 2> recommended{};
};

struct characteristic {
  std::int64_t id;
  std::uint32_t product;  // its place among the products
  std::uint32_t name;     // its number among the names; 0: null, or nobody will ask
  std::uint32_t sum = 0;
  std::uint32_t count = 0;
};

// All that is kept in memory of the reviews' side: some 40 bytes a product, 30 a characteristic, 12 a review.
class reviews_load {
 public:
  reviews_load(run_state& run, part_target& to)
      : run_(run), builds_(to.conninfo != nullptr), largest_(to.largest), to_(to) {}

  result<> read_characteristics();
  result<> read_reviews();
  result<> read_values();
  result<> write_meta();

 private:
  // The rows are there; the rest goes on while the next set is read.
  result<> build(next_table& table) {
    auto left = table.finish();
    if (!left) return left.error();
    to_.pool->add(std::move(*left));
    return {};
  }
  // The place of a product among the counters; it is made when first named.
  std::uint32_t place_of(std::int64_t product_id) {
    auto& place = place_of_product_.at(product_id);
    if (place == 0) {
      products_.push_back({product_id});
      place = static_cast<std::uint32_t>(products_.size());
    }
    return place - 1;
  }
  void write_review(copy_writer& out, const row& r, const std::vector<photo>& photos);
  result<> write_product(copy_writer& out, std::uint32_t place,
                         std::span<const std::uint32_t> characteristics);

  run_state& run_;
  const bool builds_;  // else only looks
  largest_ids& largest_;
  part_target& to_;
  std::vector<product_counters> products_;
  id_map<std::uint32_t> place_of_product_;  // plus one
  std::vector<characteristic> characteristics_;
  id_map<std::uint32_t> place_of_characteristic_;  // plus one
  kept_names names_;                               // of characteristics
  id_set reviews_;
};

result<> reviews_load::read_characteristics() {
  return read_set(run_, set_kind::characteristics,
                  [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
                    auto& place = place_of_characteristic_.at(r.values[0].number);
                    if (place != 0) return refuse(why, reject::duplicate_id, set_kind::characteristics, 0);
                    const auto& name = r.values[2];
                    const auto number =
                        builds_ && !name.none ? names_.number_of(name.text) : result<std::uint32_t>(0U);
                    if (!number) return number.error();
                    characteristics_.push_back({r.values[0].number, place_of(r.values[1].number), *number});
                    place = static_cast<std::uint32_t>(characteristics_.size());
                    return fate::loaded;
                  });
}

void reviews_load::write_review(copy_writer& out, const row& r, const std::vector<photo>& photos) {
  const auto& v = r.values;
  out.begin_row(14);
  out.int64(v[product].number);
  out.int64(v[id].number);
  out.moment(v[date].number);
  out.int32(static_cast<std::int32_t>(v[helpfulness].number));
  out.int16(static_cast<std::int16_t>(v[rating].number));
  out.boolean(v[recommend].number != 0);
  out.boolean(v[reported].number != 0);
  out.text(v[summary].text);
  out.text(v[body].text);
  out.text_or_null(v[response].text, v[response].none);
  out.text(v[name].text);
  out.text_or_null(v[email].text, v[email].none);
  write_photos(out, photos);
  out.end_row();
}

result<> reviews_load::read_reviews() {
  auto spill = photo_spill::create(builds_);
  if (!spill) return spill.error();
  if (auto read = read_photos(run_, set_kind::reviews_photos, *spill); !read) return read;
  std::optional<next_table> table;
  if (builds_) {
    auto started = next_table::start(*to_.conninfo, "reviews", review_columns);
    if (!started) return started.error();
    table.emplace(std::move(*started));
  }
  std::vector<photo> photos;
  auto read = read_set(run_, set_kind::reviews,
                       [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
                         const auto& v = r.values;
                         if (!reviews_.insert(v[id].number))
                           return refuse(why, reject::duplicate_id, set_kind::reviews, id);
                         auto& counters = products_[place_of(v[product].number)];
                         ++counters.ratings[static_cast<std::size_t>(v[rating].number - 1)];
                         ++counters.recommended[v[recommend].number != 0 ? 1 : 0];
                         largest_.review = std::max(largest_.review, v[id].number);
                         if (!table) return fate::loaded;
                         if (auto found = spill->photos_of(v[id].number, photos); !found)
                           return found.error();
                         write_review(table->rows(), r, photos);
                         return fate::loaded;
                       });
  if (!read) return read;
  if (table)
    if (auto built = build(*table); !built) return built;
  const bool any_parent = !builds_ && !run_.has(set_kind::reviews);
  return settle_photos(
      run_, set_kind::reviews_photos, *spill,
      [&](std::int64_t review) { return any_parent || reviews_.contains(review); }, largest_.review_photo,
      to_);
}

result<> reviews_load::read_values() {
  std::optional<next_table> table;
  if (builds_) {
    auto started = next_table::start(*to_.conninfo, "characteristic_reviews", value_columns);
    if (!started) return started.error();
    table.emplace(std::move(*started));
  }
  id_set seen;
  const bool reviews_known = builds_ || run_.has(set_kind::reviews);
  const bool characteristics_known = builds_ || run_.has(set_kind::characteristics);
  constexpr auto set = set_kind::characteristic_reviews;
  auto read =
      read_set(run_, set, [&](std::uint32_t, const record&, const row& r, rejection& why) -> result<fate> {
        const auto& v = r.values;
        const auto place = place_of_characteristic_.find(v[1].number);
        if (place == 0 && characteristics_known) return refuse(why, reject::unknown_parent, set, 1);
        if (reviews_known && !reviews_.contains(v[2].number))
          return refuse(why, reject::unknown_parent, set, 2);
        if (!seen.insert(v[0].number)) return refuse(why, reject::duplicate_id, set, 0);
        largest_.characteristic_review = std::max(largest_.characteristic_review, v[0].number);
        if (!table) return fate::loaded;
        auto& about = characteristics_[place - 1];
        about.sum += static_cast<std::uint32_t>(v[3].number);
        ++about.count;
        auto& out = table->rows();
        out.begin_row(5);
        out.int64(products_[about.product].product);
        out.int64(v[0].number);
        out.int64(v[1].number);
        out.int64(v[2].number);
        out.int16(static_cast<std::int16_t>(v[3].number));
        out.end_row();
        return fate::loaded;
      });
  if (!read || !table) return read;
  return build(*table);
}

result<> reviews_load::write_product(copy_writer& out, std::uint32_t place,
                                     std::span<const std::uint32_t> characteristics) {
  const auto& p = products_[place];
  std::vector<std::int64_t> ids, sums, counts;
  std::vector<std::string_view> names;
  std::deque<std::string> names_read;
  std::array<bool, 64> few{};
  std::unique_ptr<bool[]> many(characteristics.size() > few.size() ? new bool[characteristics.size()]
                                                                   : nullptr);
  bool* const nameless = many ? many.get() : few.data();
  for (const auto at : characteristics) {
    const auto& c = characteristics_[at];
    nameless[ids.size()] = c.name == 0;
    ids.push_back(c.id);
    names.emplace_back();
    if (c.name != 0) {
      const auto name = names_.name_of(c.name, names_read);
      if (!name) return name.error();
      names.back() = *name;
    }
    sums.push_back(c.sum);
    counts.push_back(c.count);
  }
  out.begin_row(12);
  out.int64(p.product);
  for (const auto n : p.ratings) out.int32(static_cast<std::int32_t>(n));
  for (const auto n : p.recommended) out.int32(static_cast<std::int32_t>(n));
  out.int64_array(ids);
  out.text_array(names, {nameless, ids.size()});
  out.int64_array(sums);
  out.int64_array(counts);
  out.end_row();
  return {};
}

// One row a product that has a review or a characteristic, in product order.
result<> reviews_load::write_meta() {
  if (!builds_) return {};
  auto table = next_table::start(*to_.conninfo, "product_meta", meta_columns);
  if (!table) return table.error();
  std::vector<std::uint32_t> places(products_.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) places[i] = i;
  std::sort(places.begin(), places.end(),
            [&](auto a, auto b) { return products_[a].product < products_[b].product; });
  std::vector<std::uint32_t> order(characteristics_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    const auto &x = characteristics_[a], &y = characteristics_[b];
    return std::pair(products_[x.product].product, x.id) < std::pair(products_[y.product].product, y.id);
  });
  std::size_t next = 0;
  for (const auto place : places) {
    const auto first = next;
    while (next < order.size() && characteristics_[order[next]].product == place) ++next;
    const auto its_own = std::span(order).subspan(first, next - first);
    if (auto written = write_product(table->rows(), place, its_own); !written) return written;
  }
  return build(*table);
}

}  // namespace

result<> load_reviews(run_state& run, part_target& to) {
  reviews_load load(run, to);
  if (auto done = load.read_characteristics(); !done) return done;
  if (auto done = load.read_reviews(); !done) return done;
  if (auto done = load.read_values(); !done) return done;
  return load.write_meta();
}

}  // namespace atelier::etl
