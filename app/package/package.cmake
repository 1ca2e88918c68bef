# The .deb: what stands where, and CPack's part. `./dev package` makes it from the release build.
set(package_folder ${CMAKE_SOURCE_DIR}/app/package)
set(package_made ${CMAKE_BINARY_DIR}/package)

# The package's version and date are those of the first entry of Debian's changelog.
file(STRINGS ${package_folder}/debian/changelog changelog_lines)
list(GET changelog_lines 0 changelog_first)
string(REGEX MATCH "\\(([^)-]+)-([^)]+)\\)" _ "${changelog_first}")
set(package_release ${CMAKE_MATCH_2})
if(NOT CMAKE_MATCH_1 STREQUAL PROJECT_VERSION)
  message(FATAL_ERROR "app/package/debian/changelog is of version ${CMAKE_MATCH_1}, the program of ${PROJECT_VERSION}")
endif()
list(FILTER changelog_lines INCLUDE REGEX "^ -- ")
list(GET changelog_lines 0 changelog_signed)
string(REGEX MATCH "> +(.*)$" _ "${changelog_signed}")
set(changelog_date ${CMAKE_MATCH_1})
execute_process(COMMAND date -u -d "${changelog_date}" +%F OUTPUT_VARIABLE package_date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${package_folder}/debian/changelog)

# What is made: manual pages and completion from the program's own list of options, compressed as policy says.
set(made "")
set(prose ${CMAKE_SOURCE_DIR}/app/manual)
foreach(page atelier up api lb etl schema)
  set(title atelier-${page})
  if(page STREQUAL atelier)
    set(title atelier)
  endif()
  add_custom_command(OUTPUT ${package_made}/man/${title}.1.gz
    COMMAND sh -c "$<TARGET_FILE:atelier-docs> man ${page} ${package_date} ${prose} | gzip -9n > ${package_made}/man/${title}.1.gz"
    DEPENDS atelier-docs ${prose}/${page}.man ${prose}/common.man VERBATIM)
  list(APPEND made ${package_made}/man/${title}.1.gz)
endforeach()
add_custom_command(OUTPUT ${package_made}/completion/atelier
  COMMAND sh -c "$<TARGET_FILE:atelier-docs> completion > ${package_made}/completion/atelier" DEPENDS atelier-docs VERBATIM)
add_custom_command(OUTPUT ${package_made}/changelog.gz
  COMMAND sh -c "gzip -9nc ${CMAKE_SOURCE_DIR}/CHANGELOG.md > ${package_made}/changelog.gz" DEPENDS CHANGELOG.md VERBATIM)
add_custom_command(OUTPUT ${package_made}/changelog.Debian.gz
  COMMAND sh -c "gzip -9nc ${package_folder}/debian/changelog > ${package_made}/changelog.Debian.gz" DEPENDS ${package_folder}/debian/changelog VERBATIM)
# The guides, where the CHANGELOG lies beside them.
set(guides "")
file(GLOB guide_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
list(FILTER guide_sources EXCLUDE REGEX "/README\\.md$")
foreach(source ${guide_sources})
  get_filename_component(name ${source} NAME)
  add_custom_command(OUTPUT ${package_made}/guides/${name}
    COMMAND sh -c "sed 's,](../CHANGELOG.md),](changelog.gz),g' ${source} > ${package_made}/guides/${name}" DEPENDS ${source} VERBATIM)
  list(APPEND guides ${package_made}/guides/${name})
endforeach()
list(APPEND made ${guides} ${package_made}/completion/atelier ${package_made}/changelog.gz ${package_made}/changelog.Debian.gz)
file(MAKE_DIRECTORY ${package_made}/man ${package_made}/completion ${package_made}/guides)
add_custom_target(package-content DEPENDS atelier ${made})

# Where it stands. Everything belongs to one component, so that nothing else of the build gets in.
set(doc share/doc/atelier)
file(GLOB units CONFIGURE_DEPENDS ${package_folder}/units/*)
file(GLOB examples CONFIGURE_DEPENDS ${package_folder}/examples/*)
file(GLOB settings CONFIGURE_DEPENDS ${package_folder}/etc/*)
install(TARGETS atelier RUNTIME DESTINATION bin COMPONENT package)
install(DIRECTORY ${package_made}/man/ DESTINATION share/man/man1 COMPONENT package)
install(FILES ${package_made}/completion/atelier DESTINATION share/bash-completion/completions COMPONENT package)
install(FILES ${units} DESTINATION /lib/systemd/system COMPONENT package)
install(FILES ${settings} DESTINATION /etc/atelier COMPONENT package)
install(FILES ${package_folder}/logrotate DESTINATION /etc/logrotate.d RENAME atelier COMPONENT package)
install(FILES ${examples} DESTINATION ${doc}/examples COMPONENT package)
# What the guides lead to: the alert rules, the board and the table of metrics, the decisions, and the plots.
foreach(folder monitoring decisions performance)
  file(GLOB_RECURSE inner CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/${folder}/*)
  if(inner)
    install(FILES ${inner} DESTINATION ${doc}/${folder} COMPONENT package)
  endif()
endforeach()
install(FILES ${package_folder}/debian/lintian-overrides DESTINATION share/lintian/overrides RENAME atelier COMPONENT package)
install(FILES ${guides} ${package_folder}/debian/copyright ${package_made}/changelog.gz ${package_made}/changelog.Debian.gz DESTINATION ${doc} COMPONENT package)

# Which of them an administrator may change: dpkg keeps the changes.
set(conffiles "/etc/logrotate.d/atelier\n")
foreach(file ${settings})
  get_filename_component(name ${file} NAME)
  string(APPEND conffiles "/etc/atelier/${name}\n")
endforeach()
file(WRITE ${package_made}/conffiles "${conffiles}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME atelier)
set(CPACK_PACKAGE_CONTACT "The atelier authors <atelier@example.org>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/package)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};atelier;package;/")
set(CPACK_COMPONENTS_ALL package)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${package_release})
set(CPACK_DEBIAN_PACKAGE_SECTION httpd)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql-15, bash-completion, logrotate")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${package_folder}/debian/postinst ${package_folder}/debian/prerm ${package_folder}/debian/postrm ${package_made}/conffiles)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "reviews and questions of a shop: HTTP API, proxy and loader")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"One program that serves reviews, and questions with their answers, for the
product pages of a shop from PostgreSQL, balances the load over single-core
workers, and loads the data from CSV files.
.
The package has units for systemd: atelier-api@PORT.service, a worker;
atelier-lb.service, the proxy, with its socket; and atelier-etl.service, a
load. None is enabled by itself.")
include(CPack)
