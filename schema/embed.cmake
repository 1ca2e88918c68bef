# Writes the migrations as a C++ file: embed_migrations(OUTPUT file). A changed or new .sql file configures anew by itself.
function(embed_migrations output)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schema/migrations/*.sql)
  list(SORT files)
  set(rows "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(stem ${file} NAME_WE)
    string(REGEX MATCH "^0*([0-9]+)_(.*)$" _ ${stem})
    set(version ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_2})
    file(READ ${file} sql)
    string(APPEND rows "    {${version}, \"${name}\", R\"sql(${sql})sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"#include \"schema/migrations.hpp\"

namespace atelier::schema {

std::span<const migration> all_migrations() {
  static constexpr migration all[] = {
@rows@  };
  return all;
}

}  // namespace atelier::schema
")
endfunction()
