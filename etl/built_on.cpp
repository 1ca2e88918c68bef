#include "etl/built_on.hpp"

#include "etl/next_tables.hpp"

#include <fmt/ranges.h>

namespace atelier::etl {
namespace {

// pg_depend knows what falls with a table (PostgreSQL manual, 5.14): its columns' and its row type's
// dependents too. A view stands there as its rule, and so does a rule of the table itself. Row level security
// hides all rows also where it has no policy, which the next table would not.
constexpr std::string_view find_built = R"(
with old as (
  select c.oid, c.reltype, t.typarray from pg_class c join pg_type t on t.oid = c.reltype
  where c.relnamespace = '{0}'::regnamespace and c.relname = any(string_to_array('{1}', ','))),
built as (
  select classid, objid from pg_depend
  where (refclassid = 'pg_class'::regclass and refobjid in (select oid from old)
      or refclassid = 'pg_type'::regclass and refobjid in (select reltype from old union select typarray from old))
    and (classid in ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass,
                     'pg_proc'::regclass)
      or classid = 'pg_class'::regclass and deptype = 'n' and objid not in (select oid from old)
      or classid = 'pg_constraint'::regclass
        and exists (select from pg_constraint where oid = objid and contype = 'f')
      or classid = 'pg_trigger'::regclass
        and exists (select from pg_trigger where oid = objid and not tgisinternal)))
select string_agg(distinct thing, ', ') from (
  select coalesce(pg_describe_object('pg_class'::regclass, of_view.ev_class, 0),
                  pg_describe_object(classid, objid, 0)) as thing
  from built left join pg_rewrite of_view
    on classid = 'pg_rewrite'::regclass and of_view.oid = objid and of_view.ev_class not in (select oid from old)
  union all
  select 'row level security of table ' || relname from pg_class
  where oid in (select oid from old) and (relrowsecurity or relforcerowsecurity)) things)";

}  // namespace

result<> nothing_is_built_on(db::session& session) {
  const auto found = session.run(fmt::format(find_built, serving_schema, fmt::join(loaded_tables, ",")));
  if (!found) return found.error();
  if (found->text(0, 0).empty()) return {};
  return fail(
      "what stands on the tables would be dropped with them: {}; drop it, load, and make it again, or use"
      " --mode append",
      found->text(0, 0));
}

}  // namespace atelier::etl
