#include "scene.hpp"

#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

namespace {

using namespace vaso;

struct Params {
  std::int64_t count = 200;
  std::int64_t size = 256;
  std::int64_t seed = 0;
  std::int64_t trees = 1;
  std::int64_t branches = 60;
  double radius = 6;
  double contrast = 0.45;
  double noise = 3;
  double blur = 0.8;
  double background = 1;
  double catheter = 0.8;
  double collimator = 0.15;
  std::int64_t stenoses = 0;
  std::string labels = "vessel";

  void describe(Schema& s) {
    s.field(count, "count", "how many frames there are").range(1, 10'000'000);
    s.field(size, "size", "side of the square frames").range(32, 4096).unit("px");
    s.field(seed, "seed", "which frames: each seed gives others").at_least(0);
    s.field(trees, "trees", "coronary trees in a frame").range(0, 4);
    s.field(branches, "branches", "most branches of a tree").range(1, 1000);
    s.field(radius, "radius", "radius of the widest vessel").range(1, 30).unit("px of a 512 px frame");
    s.field(contrast, "contrast", "share of the beam that the widest vessel takes").range(0.01, 0.95);
    s.field(noise, "noise", "standard deviation at grey 128; grows with the root of the grey value")
        .range(0, 50)
        .unit("grey levels");
    s.field(blur, "blur", "blur of focus and detector, standard deviation").range(0, 10).unit("px of a 512 px frame");
    s.field(background, "background", "strength of lung, heart, spine, ribs and diaphragm; 0 = an even field")
        .range(0, 3);
    s.field(catheter, "catheter", "share of frames with a catheter").range(0, 1);
    s.field(collimator, "collimator", "share of frames with a round black frame").range(0, 1);
    s.field(stenoses, "stenoses",
            "most narrowed places in a frame; where not 0, there is at least one if there is room")
        .range(0, 8);
    s.field(labels, "labels", "what is labelled: vessels (masks), or narrowed places (masks and boxes)")
        .choices({"vessel", "stenosis"});
  }
};

Box box_around(const at::Tensor& inside) {
  const at::Tensor rows = inside.any(1).nonzero(), columns = inside.any(0).nonzero();
  Box box;
  box.top = static_cast<double>(rows[0].item<std::int64_t>());
  box.left = static_cast<double>(columns[0].item<std::int64_t>());
  box.height = static_cast<double>(rows[-1].item<std::int64_t>() + 1) - box.top;
  box.width = static_cast<double>(columns[-1].item<std::int64_t>() + 1) - box.left;
  box.area = static_cast<double>(inside.sum().item<std::int64_t>());
  return box;
}

class Phantom final : public Dataset {
 public:
  Phantom(const Params& params, const RunShape&)
      : count_(params.count),
        seed_(static_cast<std::uint64_t>(params.seed)),
        label_(params.labels),
        options_{params.size, params.trees,      params.branches, params.radius,     params.contrast, params.noise,
                 params.blur, params.background, params.catheter, params.collimator, params.stenoses} {
    if (label_ == "stenosis" && params.stenoses == 0) {
      throw ParameterError("stenoses", "labels = \"stenosis\" needs stenoses: 2, say");
    }
  }

  std::int64_t size() const override { return count_; }
  std::vector<std::string> maps() const override { return {"vessel"}; }

  // Every frame is another patient: nothing but the generator is shared.
  RecordId id(std::int64_t index) const override {
    std::string number = std::to_string(index);
    number.insert(0, number.size() < 6 ? 6 - number.size() : 0, '0');
    RecordId id;
    id.name = id.patient = "phantom-" + number;
    return id;
  }

  Record record(std::int64_t index) const override {
    Philox random(random_key(seed_, "dataset.phantom", static_cast<std::uint64_t>(index)));
    Philox narrowing(random_key(seed_, "dataset.phantom stenoses", static_cast<std::uint64_t>(index)));
    const phantom::Scene scene = draw_scene(random, narrowing, options_);
    Record record{id(index), vision::to_tensor(scene.image), {{"vessel", vision::to_tensor(scene.vessel)}}, {}, {}};
    if (label_ == "vessel") {
      record.labels = record.maps["vessel"].ne(0).to(at::kInt);
      return record;
    }
    record.labels = at::zeros(record.image.sizes(), at::kInt);
    for (const vision::GreyImage& stenosis : scene.stenoses) {
      const at::Tensor inside = vision::to_tensor(stenosis).ne(0);
      if (!inside.any().item<bool>()) continue;  // outside the collimator
      record.labels.masked_fill_(inside, 1);
      record.boxes.push_back(box_around(inside));
    }
    return record;
  }

  std::vector<std::string> labels() const override { return {label_}; }
  bool has_masks() const override { return true; }
  bool has_boxes() const override { return label_ == "stenosis"; }

 private:
  std::int64_t count_;
  std::uint64_t seed_;
  std::string label_;
  phantom::SceneOptions options_;
};

}  // namespace

VASO_PLUGIN("dataset.phantom", "1.0.0", "dataset.phantom") {
  plugins.add<Phantom, Params>("phantom", "angiogram-like frames with exact vessel masks, drawn as they are read");
}
