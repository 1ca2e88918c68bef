// Sets and maps of row ids: a bit or a word an id where ids are dense, and bounded memory where they are not.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace atelier::etl {

/// Many small tables in place of a large one: a table that grows is there twice for a moment, and so it is
/// never more than one of them.
template <class Table>
class in_parts {
 public:
  Table& of(std::int64_t key) { return parts_[part_of(key)]; }
  const Table& of(std::int64_t key) const { return parts_[part_of(key)]; }

 private:
  static constexpr std::size_t parts = 32;
  // Bits from the middle of the product: the tables themselves look at both ends of a similar one.
  static std::size_t part_of(std::int64_t key) {
    return static_cast<std::uint64_t>(key) * 0x9E37'79B9'7F4A'7C15U >> 32 & (parts - 1);
  }
  std::array<Table, parts> parts_;
};

/// From an id to a word; 0 means that the id is not there. Ids below dense_ids live in pages that are made
/// when first written, so that one stray id costs a page (4 KB) at most and all of them 268 MB; beyond stand
/// flat hash maps, 20 to 39 bytes an id, which a file with ids in sequence never needs.
/// Ids are not negative. What at() returns is good until the next at().
template <class Word>
class id_map {
 public:
  static constexpr auto dense_ids = std::int64_t{1} << 25;  // 5 times the largest published set of a map
  static constexpr std::size_t page_ids = 4096 / sizeof(Word);

  Word find(std::int64_t id) const {
    if (id < 0 || id >= dense_ids) {
      const auto& part = sparse_.of(id);
      const auto at = part.find(id);
      return at == part.end() ? Word{} : at->second;
    }
    const auto page = static_cast<std::size_t>(id) / page_ids;
    return page < pages_.size() && pages_[page] ? (*pages_[page])[static_cast<std::size_t>(id) % page_ids]
                                                : Word{};
  }

  Word& at(std::int64_t id) {
    if (id < 0 || id >= dense_ids) return sparse_.of(id)[id];
    const auto page = static_cast<std::size_t>(id) / page_ids;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<page_t>();
    return (*pages_[page])[static_cast<std::size_t>(id) % page_ids];
  }

 private:
  using page_t = std::array<Word, page_ids>;
  std::vector<std::unique_ptr<page_t>> pages_;
  in_parts<boost::unordered_flat_map<std::int64_t, Word>> sparse_;
};

/// A set of ids, a bit each. Far out, where a map keeps words by their number, an id that has its word for
/// itself is kept as it is: 10 to 21 bytes an id where all are far from one another, less than a byte where
/// they stand together.
class id_set {
 public:
  bool contains(std::int64_t id) const {
    const auto word = words_.find(word_of(id));
    if (word != 0 || word_of(id) < words::dense_ids) return (word & bit_of(id)) != 0;
    const auto& part = alone_.of(word_of(id));
    const auto at = part.find(id);
    return at != part.end() && *at == id;
  }
  /// False if it was there already.
  bool insert(std::int64_t id) {
    if (word_of(id) < words::dense_ids || words_.find(word_of(id)) != 0) return insert_bit(id);
    auto& part = alone_.of(word_of(id));
    const auto [at, is_first] = part.insert(id);
    if (is_first || *at == id) return is_first;
    insert_bit(*at);
    part.erase(at);
    return insert_bit(id);
  }

 private:
  using words = id_map<std::uint64_t>;
  static std::int64_t word_of(std::int64_t id) { return id >> 6; }
  static std::uint64_t bit_of(std::int64_t id) { return std::uint64_t{1} << (id & 63); }
  bool insert_bit(std::int64_t id) {
    auto& word = words_.at(word_of(id));
    if (word & bit_of(id)) return false;
    word |= bit_of(id);
    return true;
  }

  struct hash_of_word {
    std::size_t operator()(std::int64_t id) const { return static_cast<std::size_t>(word_of(id)); }
  };
  struct same_word {
    bool operator()(std::int64_t one, std::int64_t other) const { return word_of(one) == word_of(other); }
  };
  words words_;
  in_parts<boost::unordered_flat_set<std::int64_t, hash_of_word, same_word>> alone_;  // one of a word at most
};

}  // namespace atelier::etl
