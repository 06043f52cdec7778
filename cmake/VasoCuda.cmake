# Kernels for NVIDIA GPUs (core/cuda/*.cu) are compiled where there is a CUDA compiler. They need neither a GPU to build
# nor a LibTorch with CUDA.
#
# Machine code for sm_90 (H100) and portable code that a driver translates for every GPU since sm_75 when it first runs
# (a second such code since sm_80, whose matrix unit takes bf16): each further architecture costs seconds a file.
# CMAKE_CUDA_ARCHITECTURES chooses others.
set(VASO_CUDA AUTO CACHE STRING "kernels for NVIDIA GPUs: AUTO (where there is nvcc), ON, OFF")
set_property(CACHE VASO_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT VASO_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "VASO_CUDA is \"${VASO_CUDA}\": use AUTO, ON or OFF")
endif()

set(VASO_CUDA_KERNELS OFF)
if(NOT VASO_CUDA STREQUAL "OFF")
  set(VASO_CUDA_ARCHITECTURES 75-virtual 80-virtual 90-real)
  if(CMAKE_CUDA_ARCHITECTURES)
    set(VASO_CUDA_ARCHITECTURES ${CMAKE_CUDA_ARCHITECTURES})
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${VASO_CUDA_ARCHITECTURES})
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
    set(VASO_CUDA_KERNELS ON)
    set(VASO_CUDA_FLAGS "${CMAKE_CUDA_FLAGS}")
    # LibTorch's package would compile and run a program that asks the GPU which one it is, for flags that nothing here
    # uses, and fails where CMake is older than the toolkit or there is no GPU.
    if(NOT DEFINED TORCH_CUDA_ARCH_LIST)
      set(TORCH_CUDA_ARCH_LIST 9.0)
    endif()
  elseif(VASO_CUDA STREQUAL "ON")
    message(FATAL_ERROR "VASO_CUDA=ON, but no working nvcc was found: put it on PATH or name it with "
      "-DCMAKE_CUDA_COMPILER=/path/to/nvcc")
  endif()
endif()
message(STATUS "CUDA kernels: ${VASO_CUDA_KERNELS}")

# vaso_add_kernels(TARGET FILE.cu …): object files of them, to be linked with CUDA::cudart_static.
function(vaso_add_kernels TARGET)
  add_library(${TARGET} OBJECT ${ARGN})
  set_target_properties(${TARGET} PROPERTIES CUDA_ARCHITECTURES "${VASO_CUDA_ARCHITECTURES}"
    CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  # Without fused multiply-add a GPU rounds as the CPU does.
  target_compile_options(${TARGET} PRIVATE --fmad=false -Xcompiler=-Wall,-Wextra)
endfunction()
