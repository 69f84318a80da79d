# Compiler, warnings, sanitizers, linker and cache: what every target of ours is built with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines (`if (co_await f()) co_return 1;` never "
    "resumes). Use clang 16 or newer (-DCMAKE_CXX_COMPILER=clang++-16), or g++ 13 or newer.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# No link-time optimisation: docs/benchmarks.md has what it would bring.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

set(POSTERN_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
option(POSTERN_FUZZ "Build the libFuzzer targets" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(LLD_PROGRAM NAMES ld.lld-16 ld.lld)
if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-fno-omit-frame-pointer -fstack-protector-strong -fvisibility=hidden)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
if(POSTERN_SANITIZE)
  # Their reports need lines, no types: half the bytes to write and to link.
  add_compile_options(-fsanitize=${POSTERN_SANITIZE} -fno-sanitize-recover=all -O1 -gline-tables-only)
  add_link_options(-fsanitize=${POSTERN_SANITIZE})
endif()
if(POSTERN_SANITIZE MATCHES "address")
  # The presets asan and fuzz make the same objects, so that ccache compiles them once for both.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Warnings are errors in our code only: targets opt in through postern_library and its kin.
add_library(postern_warnings INTERFACE)
target_compile_options(postern_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
