// Sets and maps of row ids: a bit or a word an id where ids are dense, and bounded memory where they are not.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace atelier::etl {

/// From an id to a word; 0 means that the id is not there. Ids below dense_ids live in pages that are made
/// when first written, so that one stray id costs a page (4 KB) at most; beyond stands a hash map of
/// a few neighbours each, which an honest file never needs. Ids are not negative.
template <class Word>
class id_map {
 public:
  static constexpr std::int64_t dense_ids = std::int64_t{1}
                                            << 25;  // 5 times the largest published set that needs a map
  static constexpr std::size_t page_ids = 4096 / sizeof(Word);
  static constexpr std::int64_t sparse_ids =
      8;  // neighbours that share a place beyond: ids that are dense far out stay cheap

  Word find(std::int64_t id) const {
    if (id < 0 || id >= dense_ids) {
      const auto at = sparse_.find(id / sparse_ids);
      return at == sparse_.end() ? Word{} : at->second[static_cast<std::size_t>(id % sparse_ids)];
    }
    const auto page = static_cast<std::size_t>(id) / page_ids;
    return page < pages_.size() && pages_[page] ? (*pages_[page])[static_cast<std::size_t>(id) % page_ids]
                                                : Word{};
  }

  Word& at(std::int64_t id) {
    if (id < 0 || id >= dense_ids) return sparse_[id / sparse_ids][static_cast<std::size_t>(id % sparse_ids)];
    const auto page = static_cast<std::size_t>(id) / page_ids;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<page_t>();
    return (*pages_[page])[static_cast<std::size_t>(id) % page_ids];
  }

 private:
  using page_t = std::array<Word, page_ids>;
  std::vector<std::unique_ptr<page_t>> pages_;
  std::unordered_map<std::int64_t, std::array<Word, sparse_ids>> sparse_;
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
