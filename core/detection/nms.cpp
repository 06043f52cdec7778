#include "detection/nms.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace vaso::detection {

namespace {

// Boxes in the order of their scores, one plain array for each side: the loop over later boxes is then vectorised.
template <class T>
struct SortedBoxes {
  std::vector<T> left, top, right, bottom, area;
  std::vector<std::int64_t> group;

  SortedBoxes(const at::Tensor& boxes, const at::Tensor& groups, const std::int64_t* order) {
    const std::int64_t count = boxes.size(0);
    const T* box = boxes.data_ptr<T>();
    for (std::vector<T>* side : {&left, &top, &right, &bottom, &area}) side->reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      const T* corner = box + 4 * order[i];
      left.push_back(corner[0]);
      top.push_back(corner[1]);
      right.push_back(corner[2]);
      bottom.push_back(corner[3]);
      area.push_back((corner[2] - corner[0]) * (corner[3] - corner[1]));
      group.push_back(groups.defined() ? groups.data_ptr<std::int64_t>()[order[i]] : 0);
    }
  }
};

// Positions, in the sorted order, of the boxes that stay.
template <class T>
std::vector<std::int64_t> survivors(const SortedBoxes<T>& boxes, double threshold) {
  const std::size_t count = boxes.left.size();
  std::vector<std::uint8_t> removed(count, 0);
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < count; ++i) {
    if (removed[i]) continue;
    kept.push_back(static_cast<std::int64_t>(i));
    for (std::size_t j = i + 1; j < count; ++j) {
      const T width = std::max(T(0), std::min(boxes.right[i], boxes.right[j]) - std::max(boxes.left[i], boxes.left[j]));
      const T height =
          std::max(T(0), std::min(boxes.bottom[i], boxes.bottom[j]) - std::max(boxes.top[i], boxes.top[j]));
      const T shared = width * height;
      const T iou = shared / (boxes.area[i] + boxes.area[j] - shared);
      removed[j] |= static_cast<std::uint8_t>(boxes.group[i] == boxes.group[j] && iou > threshold);
    }
  }
  return kept;
}

}  // namespace

at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& groups, double threshold) {
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4, "nms wants N×4 boxes and got ", boxes.sizes());
  TORCH_CHECK(scores.dim() == 1 && scores.size(0) == boxes.size(0), "nms wants one score a box: ", scores.sizes(),
              " scores, ", boxes.sizes(), " boxes");
  const at::Tensor box = boxes.detach().to(at::kCPU).contiguous();
  const at::Tensor group = groups.defined() ? groups.to(at::kCPU, at::kLong).contiguous() : at::Tensor();
  // at::sort knows where a NaN belongs; std::sort would run astray.
  const at::Tensor order =
      std::get<1>(at::sort(scores.detach().to(at::kCPU), /*stable=*/true, /*dim=*/0, /*descending=*/true)).contiguous();
  std::vector<std::int64_t> kept;
  AT_DISPATCH_FLOATING_TYPES(box.scalar_type(), "nms", [&] {
    kept = survivors(SortedBoxes<scalar_t>(box, group, order.data_ptr<std::int64_t>()), threshold);
  });
  const at::Tensor positions = at::empty({static_cast<std::int64_t>(kept.size())}, at::kLong);
  std::copy(kept.begin(), kept.end(), positions.data_ptr<std::int64_t>());
  return order.index_select(0, positions).to(boxes.device());
}

}  // namespace vaso::detection
