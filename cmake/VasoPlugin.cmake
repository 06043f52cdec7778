# vaso_add_plugin(KIND NAME [more sources…]) builds NAME.cpp of the calling folder into plugins/KIND.NAME.so of the build
# tree, and installs it where `vaso` looks. NAME.cpp says VASO_PLUGIN(…) once.
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
    # Hidden also inside: function-local statics of headers would otherwise be shared between plugins or not, depending on
    # the order of loading.
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY "${FOLDER}"
    BUILD_RPATH_USE_ORIGIN ON
    INSTALL_RPATH "$ORIGIN/../..")
  target_link_libraries(${TARGET} PRIVATE vaso_core)

  # -u keeps the card, to which nothing refers, through --gc-sections.
  set(MAP "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map")
  target_link_options(${TARGET} PRIVATE "LINKER:--version-script=${MAP}" LINKER:-u,vaso_plugin_card)
  set_property(TARGET ${TARGET} APPEND PROPERTY LINK_DEPENDS "${MAP}")
  if(NOT VASO_SANITIZE)  # a sanitizer's runtime is in the program, not in the plugin
    target_link_options(${TARGET} PRIVATE LINKER:-z,defs)
  endif()

  if(COMMAND vaso_precompile)
    if(KIND STREQUAL "dataset")
      vaso_precompile(${TARGET} tensor)
    else()
      vaso_precompile(${TARGET} torch)
    endif()
  endif()
  if(NOT VASO_PLUGIN_OUTPUT_DIRECTORY)
    set_property(GLOBAL APPEND PROPERTY VASO_PLUGINS ${TARGET})
    install(TARGETS ${TARGET} LIBRARY DESTINATION lib/vasolab/plugins)
  endif()
endfunction()
