# embed_web(TARGET): every file of app/api/web that a browser may ask for, as bytes in the program's read-only data. The assembler
# includes them: no limit on a string's length, nothing to compile, and a changed file is one assembler call.
enable_language(ASM)

function(embed_web target)
  file(GLOB files CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/app/api/web/*.json ${CMAKE_SOURCE_DIR}/app/api/web/*.html ${CMAKE_SOURCE_DIR}/app/api/web/*.css ${CMAKE_SOURCE_DIR}/app/api/web/*.js)
  set(bytes "    .section .rodata\n")
  set(symbols "")
  set(rows "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER "atelier_web_${name}" symbol)
    string(APPEND bytes "    .globl ${symbol}, ${symbol}_end\n${symbol}:\n    .incbin \"${file}\"\n${symbol}_end:\n")
    string(APPEND symbols "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
  endforeach()
  string(APPEND bytes "    .section .note.GNU-stack,\"\",%progbits\n")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embedded_web.s @ONLY CONTENT "${bytes}")
  set_source_files_properties(${CMAKE_BINARY_DIR}/embedded_web.s PROPERTIES OBJECT_DEPENDS "${files}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/embedded_web.cpp @ONLY CONTENT
"#include \"app/api/web_files.hpp\"

@symbols@
namespace atelier::api {

std::span<const web_file> all_web_files() {
  static const web_file all[] = {
@rows@  };
  return all;
}

}  // namespace atelier::api
")
  target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/embedded_web.s ${CMAKE_BINARY_DIR}/embedded_web.cpp)
endfunction()
