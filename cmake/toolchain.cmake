# How everything here is compiled. g++ 12 is the compiler; clang 14 must accept the same code.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -D_GLIBCXX_ASSERTIONS")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual)
option(ATELIER_WERROR "Warnings are errors" ON)
if(ATELIER_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fcoroutines)
  # False alarms of g++ 12 inside the standard library and Asio at -O3.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-restrict)
else()
  # Asio 1.81 asks for libstdc++'s <coroutine>, which clang 14 refuses without this.
  add_compile_options(-Wno-unused-command-line-argument)
endif()

# Link-time optimisation for the program; the objects hold ordinary code too, so that a test links in a moment without it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(CMAKE_CXX_COMPILE_OPTIONS_IPO -flto=auto -ffat-lto-objects)
  set(CMAKE_CXX_LINK_OPTIONS_IPO -flto=auto)
endif()

# The same false alarm when the optimiser runs at link time.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-Wno-stringop-overread)
endif()

if(ATELIER_SANITIZE)
  add_compile_options(-fsanitize=${ATELIER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined -O1)
  add_link_options(-fsanitize=${ATELIER_SANITIZE})
  if(ATELIER_SANITIZE MATCHES thread)
    # It does not understand fences (GCC says so), and Asio needs none where a loop has one thread.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A false alarm of g++ 12 at -O1: a coroutine frame's own operators are called in pairs.
    add_compile_options(-Wno-mismatched-new-delete)
  else()
    # clang 14 cannot emit that check's data before the parts that it splits coroutines into.
    add_compile_options(-fno-sanitize=function)
  endif()
endif()
if(ATELIER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# ccache needs to be told that a precompiled header may be trusted.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()
