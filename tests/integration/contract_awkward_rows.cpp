// Rows by hand, for what a generator does not think of.
#include "contract_house.hpp"

#include <fmt/format.h>

#include <fstream>

namespace atelier::test {

// What the sample leaves out, appended to its files: two characteristics of one name, ties in every order,
// photos out of order, a response that is the quoted word null, text that a careless reader or writer would
// change, the first and last milliseconds.
void append_awkward_rows(const std::filesystem::path& folder) {
  const shop s = read_shop(folder);
  const auto past_all = [](const auto& rows) {
    std::int64_t largest = 0;
    for (const auto& row : rows) largest = std::max(largest, row.id);
    return largest + 1;
  };
  const auto append = [&folder](const char* file, const std::string& rows) {
    std::ofstream(folder / file, std::ios::app | std::ios::binary) << rows;
  };
  constexpr std::int64_t product = house::products;  // the last: ids go on ascending with the product
  const std::int64_t review = past_all(s.reviews);
  const std::int64_t question = past_all(s.questions);
  const std::int64_t answer = past_all(s.answers);
  const std::int64_t characteristic = past_all(s.characteristics);
  const std::string awkward =
      "\"say \"\"hi\"\", \\ <b>&amp;</b>\ttab\nline 👟 é e\xCC\x81 \xE2\x80\xA8\x7f\x01 'x' %s \\n null\"";
  std::int64_t photo = 10'000'000;

  for (int i = 0; i < 12; ++i) {  // same helpfulness in threes, same date in pairs
    append("reviews.csv", fmt::format("{},{},{},{},{},{},true,false,\"tie{}\",\"Seller\",{},{}\n", review + i,
                                      product, 1 + i % 5, 1577836800000 + i / 2, awkward, awkward, i,
                                      i % 2 == 0 ? "\"null\"" : awkward, i / 3));
    append("reviews_photos.csv", fmt::format("{},{},\"https://a.example/{}\"\n{},{},\"//b.example/\"\n",
                                             photo + 1, review + i, i, photo, review + i));
    append("questions.csv", fmt::format("{},{},{},{},\"tie\",\"x@example.com\",false,{}\n", question + i,
                                        product, awkward, 1577836800000 + i / 2, i / 3));
    append("answers.csv", fmt::format("{},{},{},{},\"Seller\",\"Seller\",false,{}\n", answer + i, question,
                                      awkward, 1577836800000 + i / 2, i / 3));
    append("answers_photos.csv", fmt::format("{},{},\"https://a.example/{}\"\n{},{},\"https://b.example/\"\n",
                                             photo + 1, answer + i, i, photo, answer + i));
    photo += 2;
  }
  append("reviews.csv", fmt::format("{},{},5,788918400000,\"\",\"first\",false,false,\"n\",\"\",,0\n",
                                    review + 12, product));
  append("reviews.csv", fmt::format("{},{},5,1609459199999,\"\",\"last\",false,false,\"n\",\"\",null,0\n",
                                    review + 13, product));
  append("characteristics.csv",
         fmt::format("{},{},\"Twice\"\n{},{},\"Twice\"\n{},{},null\n", characteristic, product,
                     characteristic + 1, product, characteristic + 2, product));
  for (int i = 0; i < 3; ++i) {
    append("characteristic_reviews.csv",
           fmt::format("{},{},{},{}\n", 10'000'000 + i, characteristic + i, review, 1 + i));
  }
}

}  // namespace atelier::test
