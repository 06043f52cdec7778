# Everything is compiled as position-independent code with the same flags: then one precompiled header serves the
# engine, the plugins and the tests.
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fPIC;-Wall;-Wextra;-Wno-unknown-pragmas>")
# GCC 12 sees overlaps in std::string that are none (its bug 105651).
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>")
add_link_options(-Wl,--as-needed)
# Before LibTorch: libtorch.so of PyTorch's packages exports parts of std::filesystem, and what binds to them crashes.
add_link_options(-Wl,--push-state,--no-as-needed,-lstdc++,--pop-state)

if(VASO_SANITIZE)
  list(JOIN VASO_SANITIZE "," _vaso_sanitizers)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${_vaso_sanitizers};-fno-omit-frame-pointer;-g>")
  add_link_options(-fsanitize=${_vaso_sanitizers})
  add_compile_definitions(VASO_SANITIZED=1)
endif()

# Run-time paths relative to the binary, so that a build tree and an install tree both work wherever they stand.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib/vasolab")
