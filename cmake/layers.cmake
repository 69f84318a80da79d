# One CMake library per folder, linking only what that folder may use.

# postern_library(NAME SOURCES a.cc … [PUBLIC lib …] [PRIVATE lib …])
function(postern_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE postern_warnings ${ARG_PRIVATE})
endfunction()

# postern_test(NAME SOURCES a_test.cc … LIBS lib …): a doctest program, registered with ctest.
function(postern_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/doctest_main.cc ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE postern_warnings doctest::doctest ${ARG_LIBS})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# postern_fuzzer(NAME SOURCES a_fuzzer.cc LIBS lib …): a libFuzzer target; built with -DPOSTERN_FUZZ=ON only.
# `fuzzers` are all of them.
function(postern_fuzzer name)
  if(NOT POSTERN_FUZZ)
    return()
  endif()
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE postern_warnings ${ARG_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers ${name})
endfunction()
