# vaso_add_test(NAME SUITES unit reference … SOURCES … LIBRARIES … [PRECOMPILED plain|tensor|torch]
#               [ALONE file… as in vaso_unity])
#
# One doctest program, entered into ctest once per suite: the suite is the ctest label, so `ctest -L reference` runs every
# comparison with independently computed values, wherever its source stands.
function(vaso_add_test NAME)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SUITES;SOURCES;LIBRARIES;ALONE" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_include_directories(${NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${NAME} PRIVATE vaso_test_main ${ARG_LIBRARIES})
  # What is tested does the work, and is optimised; the tests themselves compile a third faster so.
  target_compile_options(${NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(ARG_PRECOMPILED)
    vaso_precompile(${NAME} ${ARG_PRECOMPILED})
  endif()
  vaso_unity(${NAME} ALONE ${ARG_ALONE})
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  foreach(SUITE ${ARG_SUITES})
    add_test(NAME ${NAME}.${SUITE} COMMAND ${NAME} --test-suite=${SUITE} --no-intro)
    set_tests_properties(${NAME}.${SUITE} PROPERTIES LABELS ${SUITE} ENVIRONMENT
      "VASO_SOURCE_DIR=${PROJECT_SOURCE_DIR};VASO_BUILD_DIR=${CMAKE_BINARY_DIR};OMP_WAIT_POLICY=PASSIVE")
  endforeach()
endfunction()
