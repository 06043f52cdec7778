// The vessel filters on a GPU, image by image, from and to memory of this process. LibTorch has no part in it.
#pragma once

#include "vision/vesselness.hpp"

namespace vaso::cuda {

// As vision::sato and vision::frangi. Each thread has a stream and working memory of its own on the GPU, so that
// several images are under way at once. Throws CudaError. [any thread]
vision::FloatImage sato(const vision::GreyImage& image, const std::vector<double>& sigmas);
vision::FloatImage frangi(const vision::GreyImage& image, const vision::FrangiOptions& options);

// Whether guidance plugins should use them: false until the host, for a run whose device is a GPU, says so.
void filter_on_gpu(bool wanted);
bool filtering_on_gpu();  // wanted, and available()

// The twins.
vision::FloatImage sato_on_cpu(const vision::GreyImage& image, const std::vector<double>& sigmas);
vision::FloatImage frangi_on_cpu(const vision::GreyImage& image, const vision::FrangiOptions& options);

}  // namespace vaso::cuda
