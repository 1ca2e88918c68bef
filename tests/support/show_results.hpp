// How a failed check shows a result: the failure's sentence, or the word "value".
#pragma once

#include "core/result.hpp"

#include <catch2/catch.hpp>

template <class T>
struct Catch::StringMaker<boost::system::result<T, atelier::failure>> {
  static std::string convert(const boost::system::result<T, atelier::failure>& outcome) {
    return outcome ? "value" : outcome.error().what;
  }
};
