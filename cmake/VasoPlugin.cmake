# vaso_add_plugin(KIND NAME [more sources…]) builds NAME.cpp of the calling folder into plugins/KIND.NAME.so of the build
# tree, and installs it where `vaso` looks. NAME.cpp says VASO_PLUGIN(…) once.
#
# One function for VasoLab's own tree and, after find_package(VasoLab), for any other. There NAME_test.cpp, where it stands
# beside the plugin and doctest is installed, becomes a test (here tests/CMakeLists.txt collects them), and so does
# experiment.toml.
#
# VASO_PLUGIN_OUTPUT_DIRECTORY, where set, takes the library instead, and it is not installed.
function(vaso_add_plugin KIND NAME)
  set(TARGET plugin_${KIND}_${NAME})
  set(FOLDER "${CMAKE_BINARY_DIR}/plugins")
  if(VASO_PLUGIN_OUTPUT_DIRECTORY)
    set(FOLDER "${VASO_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
  add_library(${TARGET} MODULE "${CMAKE_CURRENT_SOURCE_DIR}/${NAME}.cpp" ${ARGN})
  set_target_properties(${TARGET} PROPERTIES
    PREFIX "" OUTPUT_NAME "${KIND}.${NAME}" SUFFIX ".so" DEFINE_SYMBOL ""
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    # Hidden also inside: function-local statics of headers would otherwise be shared between plugins or not, depending on
    # the order of loading.
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY "${FOLDER}"
    BUILD_RPATH_USE_ORIGIN ON
    INSTALL_RPATH "$ORIGIN/..")
  target_link_libraries(${TARGET} PRIVATE VasoLab::core)

  # -u keeps the card, to which nothing refers, through --gc-sections.
  set(MAP "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map")
  target_link_options(${TARGET} PRIVATE "LINKER:--version-script=${MAP}" LINKER:-u,vaso_plugin_card LINKER:--as-needed)
  set_property(TARGET ${TARGET} APPEND PROPERTY LINK_DEPENDS "${MAP}")
  if(NOT VASO_SANITIZE)  # a sanitizer's runtime is in the program, not in the plugin
    target_link_options(${TARGET} PRIVATE LINKER:-z,defs)
  endif()

  if(COMMAND vaso_precompile)
    # The folder of a plugin with networks of its own says `torch`, to be compiled sooner.
    if(NOT VASO_PLUGIN_PRECOMPILED)
      set(VASO_PLUGIN_PRECOMPILED tensor)
    endif()
    vaso_precompile(${TARGET} ${VASO_PLUGIN_PRECOMPILED})
    vaso_unity(${TARGET})
  else()
    # The program that loads it has the libraries already: the folder where they stand now is no business of the plugin.
    set_target_properties(${TARGET} PROPERTIES BUILD_WITH_INSTALL_RPATH ON)
    _vaso_test_plugin(${KIND} ${NAME} "${FOLDER}")
  endif()
  if(NOT VASO_PLUGIN_OUTPUT_DIRECTORY)
    set_property(GLOBAL APPEND PROPERTY VASO_PLUGINS ${TARGET})
    install(TARGETS ${TARGET} LIBRARY DESTINATION lib/vasolab/plugins)
  endif()
endfunction()

# The tests of a plugin outside VasoLab's tree; they run where the author says enable_testing().
function(_vaso_test_plugin KIND NAME FOLDER)
  set(SOURCE "${CMAKE_CURRENT_SOURCE_DIR}/${NAME}_test.cpp")
  find_package(doctest QUIET)
  if(EXISTS "${SOURCE}" AND TARGET doctest::doctest)
    set(TARGET test_${KIND}_${NAME})
    add_executable(${TARGET} "${SOURCE}")
    set_target_properties(${TARGET} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
    target_compile_definitions(${TARGET} PRIVATE DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN)
    target_link_libraries(${TARGET} PRIVATE VasoLab::core doctest::doctest)
    add_dependencies(${TARGET} plugin_${KIND}_${NAME})
    add_test(NAME ${KIND}.${NAME} COMMAND ${TARGET})
    set_tests_properties(${KIND}.${NAME} PROPERTIES ENVIRONMENT "VASO_PLUGIN_PATH=${FOLDER}:${VasoLab_PLUGINS}")
  endif()
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/experiment.toml")
    add_test(NAME ${KIND}.${NAME}.experiment
      COMMAND "${VasoLab_PROGRAM}" run "${CMAKE_CURRENT_SOURCE_DIR}/experiment.toml" --plugins "${FOLDER}"
              --home "${CMAKE_CURRENT_BINARY_DIR}/test-runs" --again --quiet)
  endif()
endfunction()
