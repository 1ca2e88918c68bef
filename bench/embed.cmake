# embed_bench_files(TARGET): the ready scenarios and the parts of the report's page as read-only bytes of the program; the assembler includes them.
enable_language(ASM)

function(embed_bench_files target)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/scenarios/*.json ${CMAKE_CURRENT_SOURCE_DIR}/web/*.html
    ${CMAKE_CURRENT_SOURCE_DIR}/web/*.css ${CMAKE_CURRENT_SOURCE_DIR}/web/*.js)
  set(bytes "    .section .rodata\n")
  set(symbols "")
  set(rows "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER "atelier_bench_${name}" symbol)
    string(APPEND bytes "    .globl ${symbol}, ${symbol}_end\n${symbol}:\n    .incbin \"${file}\"\n${symbol}_end:\n")
    string(APPEND symbols "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
  endforeach()
  string(APPEND bytes "    .section .note.GNU-stack,\"\",%progbits\n")
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_bench_files)
  file(CONFIGURE OUTPUT ${out}.s @ONLY CONTENT "${bytes}")
  set_source_files_properties(${out}.s PROPERTIES OBJECT_DEPENDS "${files}")
  file(CONFIGURE OUTPUT ${out}.cpp @ONLY CONTENT
"#include \"bench/load/embedded.hpp\"

@symbols@
namespace atelier::bench {

std::span<const embedded_file> embedded_files() {
  static const embedded_file all[] = {
@rows@  };
  return all;
}

}  // namespace atelier::bench
")
  target_sources(${target} PRIVATE ${out}.s ${out}.cpp)
endfunction()
