# VASO_QUICK_BUILD makes a build from nothing take less time, and one after a small change more: off where people develop,
# on for new trees of tools/test.sh and tools/quickstart.sh.
option(VASO_QUICK_BUILD "faster from nothing, slower after a change: several files are compiled as one" OFF)

# vaso_unity(TARGET [ALONE file…]) compiles its files sixteen at a time as one. What a file takes goes mostly into what the
# headers of LibTorch and the library leave to be instantiated in every one anew.
#
# Names in the anonymous namespaces of one target must differ then. Where they do not, the compiler of a quick build says
# so: rename one of the two, or name its file here, without folder.
function(vaso_unity TARGET)
  if(NOT VASO_QUICK_BUILD)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "ALONE" ${ARGN})
  # A struct behind an opaque pointer may hold what is anonymous: its file is no header, though it is included as one.
  target_compile_options(${TARGET} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
  get_target_property(SOURCES ${TARGET} SOURCES)
  foreach(SOURCE ${SOURCES})
    get_filename_component(NAME "${SOURCE}" NAME)
    if(NAME IN_LIST ARG_ALONE)
      set_source_files_properties("${SOURCE}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()

# vaso_light(TARGET): what handles text, files and databases, or calls LibTorch, is as fast with -O1, and compiles in
# two thirds of the time.
function(vaso_light TARGET)
  if(VASO_QUICK_BUILD)
    target_compile_options(${TARGET} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()
