#include "etl/sample_text.hpp"

#include <charconv>
#include <iterator>

namespace atelier::etl {
namespace {

// In the form of the file: quotes are doubled.
constexpr std::string_view sentences[] = {
    "I really did or did not like this product based on whether it was sustainably sourced.",
    "Then I found out that it's made from nothing at all.",
    "It fits well, looks good, and the colour is the one in the picture.",
    "The stitching came loose after two weeks, which I did not expect at this price.",
    "My daughter wears it every day.",
    "I've washed it a dozen times and it hasn't faded.",
    "Runs a size small, so order up.",
    "Would buy again, without a second thought.",
    "The sleeves are a little long, but that's easy to mend.",
    "Comfortable from the first day on.",
    "I'm not sure what the fuss is about.",
    "Shipping took three weeks, and nobody answered my mails.",
    "It looks nothing like the photo.",
    "Soft, light and warm.",
    "They say \"\"one size fits all\"\", and it does not.",
    "The soles are thin; on gravel you feel every stone.",
    "A present for my father, who won't take it off.",
    "Perfect for running, hiking, and the odd evening out.",
    "I got it in grey, and now I want it in every colour.",
    "The zip sticks unless you pull it straight.",
    "After half a year of daily use it still looks new.",
    "Returned it, got my money back within days.",
    "You get what you pay for, no more and no less.",
    "The fabric is thinner than I thought, which is fine in summer.",
    "Tr\xc3\xa8s confortable, je recommande.",
    "Sch\xc3\xb6n verarbeitet, sitzt gut.",
    // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one sentence
    "\xe3\x81\xa8\xe3\x81\xa6\xe3\x82\x82\xe6\xb0\x97\xe3\x81\xab\xe5\x85\xa5\xe3\x82\x8a\xe3\x81\xbe\xe3\x81"
    "\x97\xe3\x81\x9f\xe3\x80\x82",
    "Love it \xf0\x9f\x98\x8d",
    "Pros: light, cheap.\nCons: not for rain.",
    "I compared it with three others, and this one won.",
    "The laces are too short, the rest is great.",
    "Don't tumble-dry it.",
};

constexpr std::string_view summaries[] = {
    "This product was great!",
    "This product was ok!",
    "Not what I expected",
    "I am liking these glasses",
    "Great, but small",
    "Wouldn't buy again",
    "My new favourite",
    "Five stars",
    "Does what it says",
    "Don't bother",
    "Soft, light, warm",
    "\"\"Waterproof\"\" it is not",
    "Good value",
    "A bit long in the arm",
    "Ships quickly",
    "Perfecto \xe2\x9c\x93",
};

constexpr std::string_view questions[] = {
    "Why is this product cheaper here than other sites?",
    "What fabric is the top made of?",
    "Does it run small, or is it true to size?",
    "Can I wash it, or does it have to be cleaned?",
    "Is it waterproof?",
    "How long does it take to ship to Canada?",
    "Is the \"\"grey\"\" one dark or light?",
    "Can you wear it all day, even in summer?",
    "Where is this product made?",
    "Will it be back in stock, and when?",
    "How wide is it at the toes?",
    "What's the return policy?",
};

constexpr std::string_view first_names[] = {"fun",  "short", "big",        "yankee", "town",  "bright",
                                            "mr",   "lady",  "cool",       "old",    "sweet", "quiet",
                                            "jack", "anna",  "l\xc3\xa9o", "o'mally"};
constexpr std::string_view last_names[] = {"time",   "sweeet", "brother", "lover",  "person", "eyes",
                                           "sommer", "smith",  "fan",     "runner", "walker", "shopper",
                                           "garcia", "chen",   "doe",     "novak"};

template <std::size_t N>
std::string_view pick(const std::string_view (&list)[N], random_stream& random) {
  return list[random.below(N)];
}

std::string_view digits_of(std::uint64_t value, std::span<char, 20> space) {
  return {space.data(),
          static_cast<std::size_t>(std::to_chars(space.data(), space.data() + space.size(), value).ptr -
                                   space.data())};
}

}  // namespace

void write_summary(sample_file& file, random_stream& random) { file.text(pick(summaries, random)); }

void write_body(sample_file& file, random_stream& random, std::uint32_t count) {
  file.open_text();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) file.append(random.in_thousand(5) ? "\n" : " ");
    file.append(pick(sentences, random));
  }
  file.close_text();
}

void write_question(sample_file& file, random_stream& random) { file.text(pick(questions, random)); }

void write_photo_url(sample_file& file, random_stream& random) {
  std::array<char, 20> space{};
  file.open_text();
  file.append("https://images.unsplash.com/photo-");
  file.append(digits_of(1'400'000'000'000 + random.below(200'000'000), space));
  file.append("?ixlib=rb-1.2.1&auto=format&fit=crop&w=1650&q=80");
  file.close_text();
}

void write_person(sample_file& file, random_stream& random) {
  std::array<char, 20> space{};
  const auto first = pick(first_names, random);
  const auto last = pick(last_names, random);
  const auto number = digits_of(random.below(1000), space);
  file.open_text();
  file.append(first);
  file.append(last);
  file.append(number);
  file.close_text();
  file.text("first.last@gmail.com");
}

}  // namespace atelier::etl
