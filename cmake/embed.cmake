# embed_files(TARGET AS namespace::function [FILES pattern...] [GZIP pattern...])
#
# The files as bytes in the target's read-only data, in the order of their names within a pattern. C++ asks for them by a function that
# the target's own header declares: `std::span<const embedded_file> function();` (core/embedded.hpp). The assembler includes the bytes:
# no limit on a string's length, nothing to compile, and a changed file is one assembler call. A pattern is relative to the folder of
# the CMakeLists.txt that calls, or absolute; a new file that fits is found by the next build. What GZIP names is compressed by the build
# and gets ".gz" behind its name; core/http/content_coding.hpp says who may have it so.
enable_language(ASM)

function(embed_files target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "AS" "FILES;GZIP")
  string(REGEX MATCH "^(.+)::([^:]+)$" _ ${arg_AS})
  set(namespace ${CMAKE_MATCH_1})
  set(function ${CMAKE_MATCH_2})
  set(out ${CMAKE_BINARY_DIR}/embedded/${target}_${function})
  set(files "")
  foreach(pattern ${arg_FILES})
    file(GLOB found CONFIGURE_DEPENDS ${pattern})
    list(APPEND files ${found})
  endforeach()
  foreach(pattern ${arg_GZIP})
    file(GLOB found CONFIGURE_DEPENDS ${pattern})
    foreach(file ${found})
      get_filename_component(name ${file} NAME)
      add_custom_command(OUTPUT ${out}/${name}.gz DEPENDS ${file}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
        COMMAND gzip -9nc ${file} > ${out}/${name}.gz)
      target_sources(${target} PRIVATE ${out}/${name}.gz)
      list(APPEND files ${out}/${name}.gz)
    endforeach()
  endforeach()
  set(bytes "    .section .rodata\n")
  set(symbols "")
  set(rows "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER "${target}_${function}_${name}" symbol)
    string(APPEND bytes "    .globl ${symbol}, ${symbol}_end\n${symbol}:\n    .incbin \"${file}\"\n${symbol}_end:\n")
    string(APPEND symbols "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
  endforeach()
  string(APPEND bytes "    .section .note.GNU-stack,\"\",%progbits\n")
  file(CONFIGURE OUTPUT ${out}.s @ONLY CONTENT "${bytes}")
  set_source_files_properties(${out}.s PROPERTIES OBJECT_DEPENDS "${files}")
  file(CONFIGURE OUTPUT ${out}.cpp @ONLY CONTENT
"#include \"core/embedded.hpp\"

#include <span>

@symbols@
namespace @namespace@ {

std::span<const atelier::embedded_file> @function@() {
  static const atelier::embedded_file all[] = {
@rows@  };
  return all;
}

}  // namespace @namespace@
")
  target_sources(${target} PRIVATE ${out}.s ${out}.cpp)
endfunction()
