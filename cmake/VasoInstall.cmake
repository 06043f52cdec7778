# What `cmake --install` writes, and the package that `cpack` makes of it:
#
#   bin/                vaso, vaso-worker
#   lib/vasolab/        the engine; plugins/
#   lib/cmake/VasoLab/  find_package(VasoLab)
#   include/vasolab/    sdk/, and what plugins may use of the engine
#   share/vasolab/      experiments/, plugin_template/, docs/
#
# Programs find all of it from where they stand, so the folder may be moved. The build tree has the same layout, with links
# instead of copies: -DCMAKE_PREFIX_PATH=…/build serves plugins as an installation does.

# Of the engine, what our own plugins use. Only sdk/ is promised to stay (VASO_SDK_NUMBER).
foreach(FOLDER sdk model detection vision)
  install(DIRECTORY core/${FOLDER} DESTINATION include/vasolab
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h" PATTERN "test_*" EXCLUDE PATTERN "oracle_*" EXCLUDE)
endforeach()
install(FILES core/train/safetensors.hpp DESTINATION include/vasolab/train)  # model/weights.hpp

set(VASO_PLUGINS_FOLDER lib/vasolab/plugins)
configure_file(cmake/VasoLabConfig.cmake.in "${CMAKE_BINARY_DIR}/install/VasoLabConfig.cmake" @ONLY)
set(VASO_PLUGINS_FOLDER plugins)
configure_file(cmake/VasoLabConfig.cmake.in "${CMAKE_BINARY_DIR}/lib/cmake/VasoLab/VasoLabConfig.cmake" @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/lib/cmake/VasoLab/VasoLabConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/install/VasoLabConfig.cmake"
  "${CMAKE_BINARY_DIR}/lib/cmake/VasoLab/VasoLabConfigVersion.cmake" cmake/VasoPlugin.cmake cmake/plugin.map
  DESTINATION lib/cmake/VasoLab)

install(DIRECTORY experiments DESTINATION share/vasolab)
install(DIRECTORY tools/plugin_template DESTINATION share/vasolab)
install(FILES README.md CONTRIBUTING.md DESTINATION share/vasolab/docs)
install(DIRECTORY plugins DESTINATION share/vasolab/docs FILES_MATCHING PATTERN "README.md")

function(_vaso_link SOURCE LINK)
  get_filename_component(FOLDER "${CMAKE_BINARY_DIR}/${LINK}" DIRECTORY)
  file(MAKE_DIRECTORY "${FOLDER}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${SOURCE}" "${CMAKE_BINARY_DIR}/${LINK}" SYMBOLIC)
endfunction()
_vaso_link(core include/vasolab)
_vaso_link(cmake/VasoPlugin.cmake lib/cmake/VasoLab/VasoPlugin.cmake)
_vaso_link(cmake/plugin.map lib/cmake/VasoLab/plugin.map)
_vaso_link(experiments share/vasolab/experiments)
_vaso_link(tools/plugin_template share/vasolab/plugin_template)

set(CPACK_PACKAGE_NAME vasolab)
set(CPACK_PACKAGE_VENDOR "VasoLab")
set(CPACK_PACKAGE_CONTACT "VasoLab maintainers <maintainers@vasolab.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "pre-training of vision encoders on X-ray angiograms")
set(CPACK_PACKAGE_DESCRIPTION "VasoLab pre-trains vision encoders on X-ray angiograms by masked image
modelling and measures what the pre-training is worth downstream. Masking,
guidance, losses, objectives, data sets and heads are plugins; an experiment is
a TOML file; runs go into an SQLite database, from which tables are printed.
This package has the two programs, the plugins, and the headers and the CMake
package to build more.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/VasoDebian.cmake")
set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CMAKE_BINARY_DIR}/lib/vasolab")
# What building a plugin takes; running takes none of it.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libopenblas0-openmp")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake, make, g++, libtorch-dev, libopencv-dev, doctest-dev")
set(CPACK_GENERATOR DEB)
include(CPack)
