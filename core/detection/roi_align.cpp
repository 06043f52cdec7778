#include "detection/roi_align.hpp"

#include "kernels/on_threads.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace vaso::detection {

namespace {

// One cell of a row or column, and its share of a bin.
template <class T>
struct Tap {
  std::int64_t cell;
  T weight;
};

// The average over a bin's samples along one axis, as a weighted sum of cells. A two-dimensional bin is the product of
// its two axes.
template <class T>
class AxisTaps {
 public:
  // low, high: the region's sides in pixels; cells: length of the axis.
  AxisTaps(T low, T high, std::int64_t cells, const RoiAlignOptions& options) {
    const T offset = options.aligned ? T(0.5) : T(0);
    const T scale = static_cast<T>(options.scale);
    const T start = low * scale - offset;
    T length = high * scale - offset - start;
    if (!options.aligned) length = std::max(length, T(1));
    const T bin = length / static_cast<T>(options.bins);
    const std::int64_t samples = options.samples > 0 ? options.samples : static_cast<std::int64_t>(std::ceil(bin));
    const T share = T(1) / static_cast<T>(std::max<std::int64_t>(samples, 1));
    first_.push_back(0);
    for (std::int64_t i = 0; i < options.bins; ++i) {
      for (std::int64_t s = 0; s < samples; ++s) {
        const T position =
            start + static_cast<T>(i) * bin + (static_cast<T>(s) + T(0.5)) * bin / static_cast<T>(samples);
        add_sample(position, cells, share);
      }
      first_.push_back(taps_.size());
    }
  }
  const Tap<T>* begin(std::int64_t bin) const { return taps_.data() + first_[static_cast<std::size_t>(bin)]; }
  const Tap<T>* end(std::int64_t bin) const { return begin(bin + 1); }

 private:
  void add_sample(T position, std::int64_t cells, T share) {
    if (!(position >= T(-1) && position <= static_cast<T>(cells))) return;
    position = std::clamp(position, T(0), static_cast<T>(cells - 1));
    const auto cell = static_cast<std::int64_t>(position);
    const T beyond = position - static_cast<T>(cell);
    add(cell, (T(1) - beyond) * share);
    if (beyond > T(0)) add(cell + 1, beyond * share);
  }
  // Neighbouring samples of a bin share cells: each cell of a bin is then read once.
  void add(std::int64_t cell, T weight) {
    for (std::size_t i = taps_.size(); i > first_.back(); --i) {
      if (taps_[i - 1].cell == cell) {
        taps_[i - 1].weight += weight;
        return;
      }
    }
    taps_.push_back({cell, weight});
  }
  std::vector<Tap<T>> taps_;
  std::vector<std::size_t> first_;  // where each bin's taps begin
};

// Calls visit(offset of the cell in a channels-last map, offset of the bin in a channels-last output, weight) for all
// that region `r` reads.
template <class T, class Visit>
void for_each_tap(const T* region, std::int64_t r, at::IntArrayRef sizes, const RoiAlignOptions& options,
                  const Visit& visit) {
  const std::int64_t channels = sizes[1], height = sizes[2], width = sizes[3], bins = options.bins;
  const std::int64_t image = static_cast<std::int64_t>(region[0]);
  const AxisTaps<T> columns(region[1], region[3], width, options), rows(region[2], region[4], height, options);
  for (std::int64_t y = 0; y < bins; ++y) {
    for (std::int64_t x = 0; x < bins; ++x) {
      const std::int64_t bin = ((r * bins + y) * bins + x) * channels;
      for (const Tap<T>* row = rows.begin(y); row != rows.end(y); ++row) {
        for (const Tap<T>* column = columns.begin(x); column != columns.end(x); ++column) {
          const std::int64_t cell = ((image * height + row->cell) * width + column->cell) * channels;
          visit(cell, bin, row->weight * column->weight);
        }
      }
    }
  }
}

// Channels last, so that the inner loops run over memory in order.
at::Tensor channels_last(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).contiguous(); }
at::Tensor channels_second(const at::Tensor& x) { return x.permute({0, 3, 1, 2}).contiguous(); }

struct RoiAlign : torch::autograd::Function<RoiAlign> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& features,
                            const at::Tensor& regions, const RoiAlignOptions& options) {
    context->save_for_backward({regions});
    context->saved_data["sizes"] = features.sizes().vec();
    context->saved_data["bins"] = options.bins;
    context->saved_data["scale"] = options.scale;
    context->saved_data["samples"] = options.samples;
    context->saved_data["aligned"] = options.aligned;
    const std::int64_t channels = features.size(1);
    const at::Tensor source = channels_last(features);
    const at::Tensor result = at::zeros({regions.size(0), options.bins, options.bins, channels}, features.options());
    AT_DISPATCH_FLOATING_TYPES(features.scalar_type(), "roi_align", [&] {
      const scalar_t* in = source.data_ptr<scalar_t>();
      const scalar_t* region = regions.data_ptr<scalar_t>();
      scalar_t* out = result.data_ptr<scalar_t>();
      kernels::on_threads(regions.size(0), [&](std::int64_t r) {
        for_each_tap(region + 5 * r, r, features.sizes(), options,
                     [&](std::int64_t cell, std::int64_t bin, scalar_t weight) {
                       for (std::int64_t c = 0; c < channels; ++c) out[bin + c] += weight * in[cell + c];
                     });
      });
    });
    return channels_second(result);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor regions = context->get_saved_variables()[0];
    const std::vector<std::int64_t> sizes = context->saved_data["sizes"].toIntVector();
    const RoiAlignOptions options{context->saved_data["bins"].toInt(), context->saved_data["scale"].toDouble(),
                                  context->saved_data["samples"].toInt(), context->saved_data["aligned"].toBool()};
    const at::Tensor incoming = channels_last(gradients[0]);
    const at::Tensor result = at::zeros({sizes[0], sizes[2], sizes[3], sizes[1]}, incoming.options());
    AT_DISPATCH_FLOATING_TYPES(incoming.scalar_type(), "roi_align_backward", [&] {
      const scalar_t* in = incoming.data_ptr<scalar_t>();
      const scalar_t* region = regions.data_ptr<scalar_t>();
      scalar_t* out = result.data_ptr<scalar_t>();
      // Threads share channels, not regions: regions overlap, and each cell then sums them in one order.
      const std::int64_t shares = std::clamp<std::int64_t>(sizes[1] / 16, 1, at::get_num_threads());
      kernels::on_threads(shares, [&](std::int64_t share) {
        const std::int64_t begin = sizes[1] * share / shares, end = sizes[1] * (share + 1) / shares;
        for (std::int64_t r = 0; r < regions.size(0); ++r) {
          for_each_tap(region + 5 * r, r, sizes, options, [&](std::int64_t cell, std::int64_t bin, scalar_t weight) {
            for (std::int64_t c = begin; c < end; ++c) out[cell + c] += weight * in[bin + c];
          });
        }
      });
    });
    return {channels_second(result), at::Tensor(), at::Tensor()};
  }
};

void check(const at::Tensor& features, const at::Tensor& regions) {
  TORCH_CHECK(features.dim() == 4, "roi_align wants B×C×H×W features and got ", features.sizes());
  TORCH_CHECK(regions.dim() == 2 && regions.size(1) == 5, "roi_align wants R×5 regions and got ", regions.sizes());
  if (regions.size(0) == 0) return;
  const at::Tensor image = regions.select(1, 0);
  TORCH_CHECK(image.ge(0).logical_and(image.lt(features.size(0))).all().item<bool>(),
              "roi_align: a region names an image that the batch of ", features.size(0), " does not have");
}

}  // namespace

at::Tensor roi_align(const at::Tensor& features, const at::Tensor& regions, const RoiAlignOptions& options) {
  if (!features.is_cpu()) return roi_align_by_products(features, regions, options);
  check(features, regions);
  // Half types are summed in float32, as the other implementations do.
  const at::ScalarType type = features.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return RoiAlign::apply(features.to(type), regions.detach().to(type).contiguous(), options).to(features.scalar_type());
}

}  // namespace vaso::detection
