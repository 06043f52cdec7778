// Straight dark rods on a bright ground, drawn: each image with the mask of its rod. To read files instead, give Params
// a field with .path(), list what is there in the constructor, decode in record(); see plugins/dataset/paired.
#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <numbers>

namespace {

struct Params {
  std::int64_t count = 64;
  std::int64_t size = 96;
  std::int64_t seed = 0;
  void describe(vaso::Schema& s) {
    s.field(count, "count", "how many images there are").range(1, 1'000'000);
    s.field(size, "size", "side of the square images").range(32, 4096).unit("px");
    s.field(seed, "seed", "which images: each seed gives others").range(0, 1'000'000);
  }
};

class MyMethod final : public vaso::Dataset {
 public:
  MyMethod(const Params& params, const vaso::RunShape&) : params_(params) {}

  std::int64_t size() const override { return params_.count; }

  // Cheap: called for every record before a run starts. Records of one patient never stand in two splits.
  vaso::RecordId id(std::int64_t index) const override {
    vaso::RecordId id;
    id.name = id.patient = "rod-" + std::to_string(index);
    return id;
  }

  std::vector<std::string> labels() const override { return {"rod"}; }
  bool has_masks() const override { return true; }

  // Called by several threads at once, in any order: what it gives depends on nothing but the index.
  vaso::Record record(std::int64_t index) const override {
    const auto key = static_cast<std::uint64_t>(params_.seed * 1'000'003 + index);
    at::Generator random = at::make_generator<at::CPUGeneratorImpl>(key);
    const at::Tensor draw = at::rand({3}, random);
    const double size = static_cast<double>(params_.size);
    const double angle = std::numbers::pi * draw[0].item<double>();
    const double offset = size * (0.5 * draw[1].item<double>() - 0.25);  // from the middle
    const double radius = size * (0.02 + 0.04 * draw[2].item<double>());

    const at::Tensor from_middle = at::arange(params_.size, at::kFloat) - 0.5 * (size - 1);
    const at::Tensor along = std::cos(angle) * from_middle.unsqueeze(0) + std::sin(angle) * from_middle.unsqueeze(1);
    const at::Tensor rod = (along - offset).abs().le(radius);  // H×W bool
    const at::Tensor noise = at::empty({params_.size, params_.size}).normal_(0, 6, random);

    vaso::Record record;
    record.id = id(index);
    record.image = (180 - 80 * rod.to(at::kFloat) + noise).clamp(0, 255).to(at::kByte);
    record.labels = rod.to(at::kInt);  // bit c: belongs to labels()[c]
    return record;
  }

 private:
  Params params_;
};

}  // namespace

VASO_PLUGIN("dataset.my_method", "0.1.0", "dataset.my_method") {
  plugins.add<MyMethod, Params>("my_method", "dark rods on a bright ground, drawn");
}
