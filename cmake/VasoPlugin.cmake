# vaso_add_plugin(KIND NAME) builds plugins/KIND/NAME/NAME.cpp into build/plugins/KIND.NAME.so.
function(vaso_add_plugin KIND NAME)
  set(TARGET plugin_${KIND}_${NAME})
  add_library(${TARGET} MODULE "${CMAKE_CURRENT_SOURCE_DIR}/${NAME}.cpp" ${ARGN})
  set_target_properties(${TARGET} PROPERTIES
    PREFIX "" OUTPUT_NAME "${KIND}.${NAME}" SUFFIX ".so" DEFINE_SYMBOL ""
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins"
    INSTALL_RPATH "$ORIGIN/../../../lib")
  target_link_libraries(${TARGET} PRIVATE vaso_core)
  target_precompile_headers(${TARGET} REUSE_FROM vaso_torch_pch)
endfunction()
