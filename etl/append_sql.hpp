// How the rows of each set come into tables that serve: the SQL of one batch.
#pragma once

#include "etl/sets.hpp"

#include <string_view>

namespace atelier::etl {

/// A batch lies in the temporary table stage (n, again, and the set's own columns); `again`: this load has
/// settled the id already. `judge` makes of it the temporary table judged, with a verdict a row: 'l' to be
/// loaded, 'u' to be updated, 's' is there just as it is, 'd' is there already, 'o' has no parent. `apply`
/// then does it, one statement after the other.
struct append_plan {
  set_kind set;
  bool has_parents;           // that may be missing
  std::string_view sequence;  // that is to stand past the largest id; empty: none
  std::string_view table;     // whose default takes the next value of it
  std::string_view stage_types;
  std::string_view stage_columns;
  std::string_view judge;  // a select over stage; {there}: the verdict of a row that is there, d or u
  std::string_view same;   // {same} in it, where rows are updated: whether there is nothing to update
  std::string_view apply;  // {count_values}: what reviews say of the touched products, counted anew
};

const append_plan& plan_of(set_kind set);

}  // namespace atelier::etl
