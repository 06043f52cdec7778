# vaso_precompile(TARGET plain|tensor|torch) gives a target one of three precompiled headers.
#
# They differ in what each file that uses one pays for: GCC repeats, for every file, the instantiations that a precompiled
# header left pending. LibTorch's networks cost 3 s a file more than its tensors and operators do (GCC 12, LibTorch 1.13).
foreach(NAME plain tensor torch)
  # A library needs a source; this one is empty.
  set(EMPTY "${CMAKE_BINARY_DIR}/precompiled/${NAME}.cpp")
  file(CONFIGURE OUTPUT "${EMPTY}" CONTENT "")
  add_library(vaso_pch_${NAME} STATIC "${EMPTY}")
  target_precompile_headers(vaso_pch_${NAME} PRIVATE "${CMAKE_CURRENT_LIST_DIR}/precompiled/${NAME}.hpp")
  target_link_libraries(vaso_pch_${NAME} PUBLIC fmt::fmt nlohmann_json::nlohmann_json)
  if(NOT NAME STREQUAL plain)
    target_link_libraries(vaso_pch_${NAME} PUBLIC torch)
    target_include_directories(vaso_pch_${NAME} SYSTEM PUBLIC ${TORCH_INCLUDE_DIRS})
  endif()
endforeach()

function(vaso_precompile TARGET NAME)
  target_precompile_headers(${TARGET} REUSE_FROM vaso_pch_${NAME})
endfunction()
