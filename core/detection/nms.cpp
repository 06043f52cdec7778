#include "detection/nms.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace vaso::detection {

namespace {

template <class T>
struct Candidate {
  T left, top, right, bottom, area;

  explicit Candidate(const T* corner)
      : left(corner[0]), top(corner[1]), right(corner[2]), bottom(corner[3]), area((right - left) * (bottom - top)) {}

  bool overlaps(const Candidate& other, double threshold) const {
    const T width = std::min(right, other.right) - std::max(left, other.left);
    const T height = std::min(bottom, other.bottom) - std::max(top, other.top);
    if (!(width > 0 && height > 0)) return false;
    const T shared = width * height;
    return shared / (area + other.area - shared) > threshold;
  }
};

// Each box is compared with those that stay, not each that stays with all the others: they are few, and one hit
// decides.
template <class T>
std::vector<std::int64_t> survivors(const at::Tensor& boxes, const at::Tensor& order, const at::Tensor& groups,
                                    double threshold, std::int64_t most) {
  const T* corners = boxes.data_ptr<T>();
  const std::int64_t* visit = order.data_ptr<std::int64_t>();
  const std::int64_t* group = groups.defined() ? groups.data_ptr<std::int64_t>() : nullptr;
  std::unordered_map<std::int64_t, std::vector<Candidate<T>>> staying;
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < order.numel() && static_cast<std::int64_t>(kept.size()) < most; ++i) {
    const std::int64_t index = visit[i];
    const Candidate<T> candidate(corners + 4 * index);
    std::vector<Candidate<T>>& rivals = staying[group == nullptr ? 0 : group[index]];
    const auto beats = [&](const Candidate<T>& rival) { return rival.overlaps(candidate, threshold); };
    if (std::any_of(rivals.begin(), rivals.end(), beats)) continue;
    rivals.push_back(candidate);
    kept.push_back(index);
  }
  return kept;
}

}  // namespace

at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& groups, double threshold,
               std::int64_t most) {
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4, "nms wants N×4 boxes and got ", boxes.sizes());
  TORCH_CHECK(scores.dim() == 1 && scores.size(0) == boxes.size(0), "nms wants one score a box: ", scores.sizes(),
              " scores, ", boxes.sizes(), " boxes");
  const at::Tensor box = boxes.detach().to(at::kCPU).contiguous();
  const at::Tensor group = groups.defined() ? groups.to(at::kCPU, at::kLong).contiguous() : at::Tensor();
  // at::sort knows where a NaN belongs; std::sort would run astray.
  const at::Tensor order =
      std::get<1>(at::sort(scores.detach().to(at::kCPU), /*stable=*/true, /*dim=*/0, /*descending=*/true)).contiguous();
  std::vector<std::int64_t> kept;
  AT_DISPATCH_FLOATING_TYPES(box.scalar_type(), "nms",
                             [&] { kept = survivors<scalar_t>(box, order, group, threshold, most); });
  const at::Tensor result = at::empty({static_cast<std::int64_t>(kept.size())}, at::kLong);
  std::copy(kept.begin(), kept.end(), result.data_ptr<std::int64_t>());
  return result.to(boxes.device());
}

}  // namespace vaso::detection
