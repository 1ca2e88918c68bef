#include "etl/sample.hpp"

#include "etl/random.hpp"
#include "etl/sample_file.hpp"
#include "etl/sample_text.hpp"

#include <filesystem>

namespace atelier::etl {
namespace {

// How many, in the published set of 1,000,011 products, there are of each: the shares below are its shares.
constexpr std::uint32_t products_a_bestseller =
    512;  // one product in so many has hundreds of reviews; the second is the first
constexpr std::uint64_t first_day_ms = 1'514'764'800'000;  // 2018-01-01
constexpr std::uint32_t days = 1215;                       // until the end of April 2021
constexpr std::uint32_t day_ms = 86'400'000;

constexpr std::string_view four_of_clothes[] = {"Fit", "Length", "Comfort", "Quality"};
constexpr std::string_view four_of_shoes[] = {"Size", "Width", "Comfort", "Quality"};
constexpr std::string_view one_of_others[] = {"Quality"};

struct sample_files {
  sample_file reviews, reviews_photos, characteristics, characteristic_reviews, questions, answers,
      answers_photos;
};

struct next_ids {
  std::uint64_t review = 1, review_photo = 1, characteristic = 1, characteristic_review = 1;
  std::uint64_t question = 1, answer = 1, answer_photo = 1;
};

std::uint32_t reviews_of(std::uint64_t product, random_stream& random) {
  if (product % products_a_bestseller == 2) return random.between(100, 600);
  if (!random.in_thousand(600)) return 0;
  return random.in_thousand(30) ? random.between(15, 65) : random.between(1, 14);
}

std::uint32_t photos_of(random_stream& random, std::uint32_t share_in_thousand) {
  const auto draw = random.below(1000);
  if (draw >= share_in_thousand) return 0;
  const auto part = draw * 1000 / share_in_thousand;
  return part < 680 ? 1 : part < 895 ? 2 : 3;
}

std::uint32_t answers_of(random_stream& random) {
  const auto draw = random.below(1000);
  return draw < 210 ? 0 : draw < 415 ? 1 : draw < 615 ? 2 : draw < 810 ? 3 : 4;
}

std::uint64_t date(random_stream& random) {
  return first_day_ms + std::uint64_t{random.below(days)} * day_ms + random.below(day_ms);
}

std::string_view truth(bool value) { return value ? "true" : "false"; }

// Most are helpful to nobody or a few.
std::uint32_t helpful(random_stream& random) {
  return random.below(1 + random.below(random.in_thousand(20) ? 300 : 31));
}

// Photos of one review or answer; two neighbours sometimes have their ids the wrong way round, as in the
// published files.
void write_photos(sample_file& file, std::uint64_t& next, std::uint64_t parent, std::uint32_t count,
                  random_stream& random) {
  const bool swapped = count >= 2 && random.in_thousand(300);
  for (std::uint32_t i = 0; i < count; ++i) {
    file.number(swapped && i < 2 ? next + 1 - i : next + i);
    file.number(parent);
    write_photo_url(file, random);
    file.end_row();
  }
  next += count;
}

void write_reviews(sample_files& files, next_ids& ids, std::uint64_t product,
                   std::uint64_t first_characteristic, std::uint32_t characteristics, random_stream& random) {
  const auto count = reviews_of(product, random);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto review = ids.review++;
    auto& file = files.reviews;
    file.number(review);
    file.number(product);
    const auto rating = 1 + std::min(4U, random.below(7));
    file.number(rating);
    file.number(date(random));
    write_summary(file, random);
    write_body(file, random, random.between(1, 5));
    file.word(truth(random.in_thousand(rating > 2 ? 900 : 200)));
    file.word(truth(random.in_thousand(15)));
    write_person(file, random);
    if (random.in_thousand(150))
      write_body(file, random, 1);
    else
      file.word("null");
    file.number(helpful(random));
    file.end_row();
    write_photos(files.reviews_photos, ids.review_photo, review, photos_of(random, 333), random);
    for (std::uint32_t c = 0; c < characteristics; ++c) {
      files.characteristic_reviews.number(ids.characteristic_review++);
      files.characteristic_reviews.number(first_characteristic + c);
      files.characteristic_reviews.number(review);
      files.characteristic_reviews.number(random.between(1, 5));
      files.characteristic_reviews.end_row();
    }
  }
}

void write_questions(sample_files& files, next_ids& ids, std::uint64_t product, random_stream& random) {
  const auto count = random.in_thousand(540) ? random.between(1, 12) : 0;
  const auto write_rest = [&](sample_file& file) {
    file.word(truth(random.in_thousand(15)));
    file.number(helpful(random));
    file.end_row();
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto question = ids.question++;
    auto& file = files.questions;
    file.number(question);
    file.number(product);
    write_question(file, random);
    file.number(date(random));
    write_person(file, random);
    write_rest(file);
    for (auto answers = answers_of(random); answers > 0; --answers) {
      const auto answer = ids.answer++;
      files.answers.number(answer);
      files.answers.number(question);
      write_body(files.answers, random, random.between(1, 2));
      files.answers.number(date(random));
      if (random.in_thousand(80)) {
        files.answers.text("Seller");
        files.answers.text("Seller");
      } else {
        write_person(files.answers, random);
      }
      write_rest(files.answers);
      write_photos(files.answers_photos, ids.answer_photo, answer, photos_of(random, 210), random);
    }
  }
}

void write_product(sample_files& files, next_ids& ids, std::uint64_t product, std::uint64_t seed) {
  random_stream random(seed, product);
  const auto kind = random.below(1000);
  const std::span<const std::string_view> names = kind < 400 ? std::span(four_of_clothes)
                                                  : kind < 783
                                                      ? std::span(four_of_shoes)
                                                      : std::span<const std::string_view>(one_of_others);
  const auto first_characteristic = ids.characteristic;
  for (const auto name : names) {
    files.characteristics.number(ids.characteristic++);
    files.characteristics.number(product);
    if (random.below(10'000) < 125)
      files.characteristics.word("null");
    else
      files.characteristics.text(name);
    files.characteristics.end_row();
  }
  write_reviews(files, ids, product, first_characteristic, static_cast<std::uint32_t>(names.size()), random);
  write_questions(files, ids, product, random);
}

result<> close_all(sample_files& files) {
  const std::array<sample_file*, set_count> all{
      &files.reviews,   &files.reviews_photos, &files.characteristics, &files.characteristic_reviews,
      &files.questions, &files.answers,        &files.answers_photos};
  for (auto* file : all)
    if (auto done = file->finish(); !done) return done;
  for (auto* file : all)
    if (auto done = file->publish(); !done) return done;
  return {};
}

}  // namespace

result<sample_summary> write_sample(const sample_options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error)
    return fail("folder '{}' cannot be made: {}; choose another folder", options.directory, error.message());

  std::array<std::optional<sample_file>, set_count> opened;
  for (const auto& shape : all_sets()) {
    std::optional<damage> harm;
    if (options.unreliable_share > 0) harm.emplace(shape, options.unreliable_share, options.seed);
    auto file = sample_file::create(options.directory, shape, std::move(harm));
    if (!file) return file.error();
    opened[static_cast<std::size_t>(shape.kind)].emplace(std::move(*file));
  }
  const auto take = [&](set_kind kind) { return std::move(*opened[static_cast<std::size_t>(kind)]); };
  sample_files files{take(set_kind::reviews),         take(set_kind::reviews_photos),
                     take(set_kind::characteristics), take(set_kind::characteristic_reviews),
                     take(set_kind::questions),       take(set_kind::answers),
                     take(set_kind::answers_photos)};
  next_ids ids;
  for (std::uint64_t product = 1; product <= options.products; ++product)
    write_product(files, ids, product, options.seed);
  if (auto done = close_all(files); !done) return done.error();
  return sample_summary{ids.review + ids.review_photo + ids.characteristic + ids.characteristic_review +
                        ids.question + ids.answer + ids.answer_photo - set_count};
}

}  // namespace atelier::etl
