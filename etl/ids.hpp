// Sets and maps of row ids: a bit or a word an id where ids are dense, and bounded memory where they are not.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace atelier::etl {

/// From an id to a word; 0 means that the id is not there. Ids below dense_ids live in pages that are made
/// when first written, so that one stray id costs a page (4 KB) at most and all of them 268 MB; beyond stands
/// a flat hash map, about 40 bytes an id (60 while it grows), which a file with ids in sequence never needs.
/// Ids are not negative. What at() returns is good until the next at().
template <class Word>
class id_map {
 public:
  static constexpr auto dense_ids = std::int64_t{1} << 25;  // 5 times the largest published set of a map
  static constexpr std::size_t page_ids = 4096 / sizeof(Word);

  Word find(std::int64_t id) const {
    if (id < 0 || id >= dense_ids) {
      const auto at = sparse_.find(id);
      return at == sparse_.end() ? Word{} : at->second;
    }
    const auto page = static_cast<std::size_t>(id) / page_ids;
    return page < pages_.size() && pages_[page] ? (*pages_[page])[static_cast<std::size_t>(id) % page_ids]
                                                : Word{};
  }

  Word& at(std::int64_t id) {
    if (id < 0 || id >= dense_ids) return sparse_[id];
    const auto page = static_cast<std::size_t>(id) / page_ids;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<page_t>();
    return (*pages_[page])[static_cast<std::size_t>(id) % page_ids];
  }

 private:
  using page_t = std::array<Word, page_ids>;
  std::vector<std::unique_ptr<page_t>> pages_;
  boost::unordered_flat_map<std::int64_t, Word> sparse_;
};

/// A set of ids, a bit each.
class id_set {
 public:
  bool contains(std::int64_t id) const { return (words_.find(id >> 6) >> (id & 63) & 1U) != 0; }
  /// False if it was there already.
  bool insert(std::int64_t id) {
    auto& word = words_.at(id >> 6);
    const auto mask = std::uint64_t{1} << (id & 63);
    if (word & mask) return false;
    word |= mask;
    return true;
  }

 private:
  id_map<std::uint64_t> words_;
};

}  // namespace atelier::etl
