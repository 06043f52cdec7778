#include "data/staged_views.hpp"

#include "cuda/torch_stream.hpp"
#include "cuda/views.hpp"
#include "data/grey_tables.hpp"

#include <ATen/ops/empty.h>
#include <algorithm>
#include <cstring>

namespace vaso::data {
namespace {

static_assert(sizeof(cuda::Window) == 3 * sizeof(std::int64_t));
constexpr std::int64_t kWindowNumbers = 3;  // a Window as int64, so that a tensor can carry it

std::string bytes_name(std::size_t view) { return "staged/bytes." + std::to_string(view); }
std::string windows_name(std::size_t view) { return "staged/windows." + std::to_string(view); }

std::int64_t area(const Crop& crop) { return crop.height * crop.width; }

}  // namespace

StagedViews::StagedViews(const LoaderRequest& request, c10::Device device)
    : pack_(*request.pack), views_(request.views), maps_(request.maps), device_(device) {
  normalise_ = at::empty({3, 256}, at::kFloat);
  share_ = at::empty({1, 256}, at::kFloat);
  float* level = normalise_.data_ptr<float>();
  for (const GreyTable& table : normalised_levels(request.mean, request.deviation))
    level = std::copy(table.begin(), table.end(), level);
  const GreyTable share = shares();
  std::copy(share.begin(), share.end(), share_.data_ptr<float>());
  normalise_ = normalise_.to(device_);
  share_ = share_.to(device_);
}

bool StagedViews::owns(const std::string& name) { return name.starts_with("staged/"); }

std::int64_t StagedViews::images_in(const at::Tensor& windows) const {
  return windows.numel() / kWindowNumbers / static_cast<std::int64_t>(1 + maps_.size());
}

// Of a view: the windows of all images, then those of the first map, and so on; each stands where its Window says.
Bag StagedViews::open(const std::vector<std::vector<Cutting>>& cuttings) const {
  const auto room = [this](std::int64_t count, at::ScalarType type) {
    return at::empty({count}, at::TensorOptions(type).pinned_memory(device_.is_cuda()));
  };
  Bag staged;
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const auto planes = static_cast<std::int64_t>(1 + maps_.size());
    const auto count = static_cast<std::int64_t>(cuttings[v].size());
    std::int64_t bytes = 0;
    at::Tensor windows = room(planes * count * kWindowNumbers, at::kLong);
    auto* window = reinterpret_cast<cuda::Window*>(windows.data_ptr<std::int64_t>());
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      for (const Cutting& cutting : cuttings[v]) {
        const Crop& crop = cutting.crop;
        *window++ = {bytes, static_cast<std::int32_t>(crop.height), static_cast<std::int32_t>(crop.width),
                     crop.flip ? 1 : 0};
        bytes += area(crop);
      }
    }
    staged[windows_name(v)] = windows;
    staged[bytes_name(v)] = room(bytes, at::kByte);
  }
  return staged;
}

void StagedViews::fill(const Bag& staged, std::int64_t position, const std::vector<Cutting>& cuttings) const {
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const auto& [sample, crop] = cuttings[v];
    const at::Tensor& shipped = staged.at(windows_name(v));
    const auto* window = reinterpret_cast<const cuda::Window*>(shipped.data_ptr<std::int64_t>()) + position;
    const std::int64_t images = images_in(shipped);
    std::uint8_t* bytes = staged.at(bytes_name(v)).data_ptr<std::uint8_t>();
    for (std::size_t plane = 0; plane <= maps_.size(); ++plane, window += images) {
      const Plane from = plane == 0 ? pack_.image(sample) : pack_.map(sample, maps_[plane - 1]);
      std::uint8_t* to = bytes + window->offset;
      for (std::int64_t y = 0; y < crop.height; ++y, to += crop.width)
        std::memcpy(to, from.pixels + (crop.top + y) * from.width + crop.left, static_cast<std::size_t>(crop.width));
    }
  }
}

Bag StagedViews::finish(const Bag& staged) const {
  Bag bag;
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const std::string prefix = v == 0 ? "" : views_[v].name + "/";
    const at::Tensor host_windows = staged.at(windows_name(v));
    const at::Tensor windows = host_windows.to(device_, /*non_blocking=*/true);
    const at::Tensor bytes = staged.at(bytes_name(v)).to(device_, /*non_blocking=*/true);
    const std::int64_t count = images_in(host_windows);
    const auto* host = reinterpret_cast<const cuda::Window*>(host_windows.data_ptr<std::int64_t>());
    cuda::Views request;
    request.bytes = bytes.data_ptr<std::uint8_t>();
    request.windows = reinterpret_cast<const cuda::Window*>(windows.data_ptr<std::int64_t>());
    request.count = count;
    request.size = views_[v].size;
    for (std::int64_t i = 0; i < count; ++i) {
      request.tallest = std::max<std::int64_t>(request.tallest, host[i].height);
      request.widest = std::max<std::int64_t>(request.widest, host[i].width);
    }
    const auto make = [&](const at::Tensor& table, cuda::Resize how) {
      const at::Tensor out =
          at::empty({count, table.size(0), request.size, request.size}, table.options().dtype(at::kFloat));
      const at::Tensor scratch = at::empty({cuda::scratch_bytes(request, how)}, table.options().dtype(at::kByte));
      request.channels = table.size(0);
      request.table = table.data_ptr<float>();
      request.out = out.data_ptr<float>();
      device_.is_cuda() ? cuda::make_views(request, how, scratch.data_ptr(), cuda::torch_stream(device_))
                        : cuda::make_views_on_cpu(request, how, scratch.data_ptr());
      return out;
    };
    bag[prefix + "image"] = make(normalise_, cuda::Resize::bicubic);
    for (const std::string& map : maps_) {
      request.windows += count;
      bag[prefix + map] = make(share_, cuda::Resize::nearest);
    }
  }
  return bag;
}

}  // namespace vaso::data
