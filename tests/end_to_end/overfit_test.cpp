// Every decoder and the detector can learn eight real images by heart: what cannot do that cannot learn anything.
//
// Real images are read where they are (VASO_DATA_DIR) and their crops written to a folder that is removed.
#include "laboratory.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace vaso;
using namespace vaso::tests;
namespace fs = std::filesystem;

namespace {

constexpr int images = 8;
const std::vector<std::string> splits = {"train", "val", "test"};  // the same images in each

std::string settings(const std::string& task) {
  return R"(
seed = 1
phases = ["finetune"]
[model]
encoder = "vit_ti"
dim = 96
heads = 3
depth = 3
patch_size = 8
)" + task +
         R"(
drop_path = 0.0
weight_decay = 0.0
layer_decay = 1.0
early_stop = 0
validate_every = 50
surface_distances = false
batch_size = 4
[downstream.a.augment]
scale = [1.0, 1.0]
shift = 0
rotate = 0
flip = 0
brightness = 0
contrast = 0
)";
}

double test_metric(const Laboratory& lab, const std::string& name) {
  const runs::Store store = lab.store();
  const std::vector<runs::Run> all = store.all();
  REQUIRE_FALSE(all.empty());
  const auto points = store.points(all.back().id, name);
  REQUIRE_FALSE(points.empty());
  return points.back().value;
}

// An ARCADE tree whose three splits are the first images of the test set.
bool write_arcade(const Laboratory& lab) {
  const fs::path from = data_dir() / "arcade/syntax/test";
  if (!fs::exists(from / "annotations/test.json")) return false;
  auto content = nlohmann::json::parse(std::ifstream(from / "annotations/test.json"));
  auto& listed = content.at("images");
  std::sort(listed.begin(), listed.end(), [](const auto& a, const auto& b) { return a.at("id") < b.at("id"); });
  listed.erase(listed.begin() + images, listed.end());
  nlohmann::json kept = nlohmann::json::array();
  for (const auto& annotation : content.at("annotations")) {
    const bool known = std::any_of(listed.begin(), listed.end(),
                                   [&](const auto& image) { return image.at("id") == annotation.at("image_id"); });
    if (known) kept.push_back(annotation);
  }
  content["annotations"] = std::move(kept);
  for (const std::string& split : splits) {
    const fs::path to = lab.path("arcade/syntax/" + split);
    fs::create_directories(to / "images");
    fs::create_directories(to / "annotations");
    std::ofstream(to / "annotations" / (split + ".json")) << content.dump();
    for (const auto& image : listed) {
      const std::string name = image.at("file_name");
      fs::copy_file(from / "images" / name, to / "images" / name);
    }
  }
  return true;
}

// A window of half the side with the lesion in it, elsewhere in each, so that a small input shows it large enough; and
// its YOLO text. The frames have one lesion each.
void write_window(const fs::path& frame, const fs::path& label, const fs::path& to, std::size_t number) {
  const cv::Mat image = cv::imread(frame.string(), cv::IMREAD_GRAYSCALE);
  REQUIRE_FALSE(image.empty());
  double kind = 0, x = 0, y = 0, width = 0, height = 0;
  std::ifstream(label) >> kind >> x >> y >> width >> height;
  REQUIRE(height > 0);
  const int side = std::min(image.cols, image.rows) / 2;
  const double aside = 0.3 + 0.2 * static_cast<double>(number % 3), down = 0.3 + 0.2 * static_cast<double>(number / 3);
  const int left = std::clamp(static_cast<int>(x * image.cols - aside * side), 0, image.cols - side);
  const int top = std::clamp(static_cast<int>(y * image.rows - down * side), 0, image.rows - side);
  REQUIRE(cv::imwrite((to / "images" / frame.stem()).string() + ".png", image(cv::Rect(left, top, side, side))));
  std::ofstream(to / "labels" / label.filename())
      << fmt::format("0 {:.6f} {:.6f} {:.6f} {:.6f}\n", (x * image.cols - left) / side, (y * image.rows - top) / side,
                     width * image.cols / side, height * image.rows / side);
}

// Frames of different patients and sequences, or windows of them.
bool write_stenoses(const Laboratory& lab, bool windows) {
  const fs::path from = data_dir() / "danilov_stenosis/train";
  if (!fs::exists(from / "images")) return false;
  std::vector<fs::path> frames;
  for (const auto& entry : fs::directory_iterator(from / "images")) frames.push_back(entry.path());
  std::sort(frames.begin(), frames.end());
  for (const std::string& split : splits) {
    const fs::path to = lab.path("stenosis/" + split);
    fs::create_directories(to / "images");
    fs::create_directories(to / "labels");
    for (std::size_t i = 0; i < images; ++i) {
      const fs::path& frame = frames[i * frames.size() / images];
      const std::string label = frame.stem().string() + ".txt";
      if (windows) {
        write_window(frame, from / "labels" / label, to, i);
        continue;
      }
      fs::copy_file(frame, to / "images" / frame.filename());
      fs::copy_file(from / "labels" / label, to / "labels" / label);
    }
  }
  return true;
}

// Compared at the input's size: an input of so few pixels does not show where a vessel of 512 ends.
void overfit_masks(const std::string& decoder, int side, int epochs, const std::string& more) {
  const Laboratory lab;
  if (!write_arcade(lab)) {
    MESSAGE("skipped: no ARCADE images in " << data_dir());
    return;
  }
  lab.write("one.toml", settings(R"(
[downstream.a]
dataset = "arcade"
arcade.root = "arcade"
head = "vessel_segmentation"
init = "scratch"
evaluate_at = "input"
learning_rate = 2e-3
image_size = )" + std::to_string(side) +
                                 "\nepochs = " + std::to_string(epochs) + "\nvessel_segmentation.decoder = \"" +
                                 decoder + "\"\n" + more));
  const Ended ended = lab.vaso({"run", "one.toml", "--quiet"});
  INFO(ended.text());
  REQUIRE(ended.code == 0);
  CHECK(test_metric(lab, "test.dice") > 0.95);
}

void overfit_boxes(const std::string& backbone, bool windows, const std::string& more) {
  const Laboratory lab;
  if (!write_stenoses(lab, windows)) {
    MESSAGE("skipped: no stenosis images in " << data_dir());
    return;
  }
  lab.write("one.toml", settings(R"(
[downstream.a]
dataset = "stenosis"
stenosis.root = "stenosis"
head = "stenosis_detection"
init = "scratch"
learning_rate = 1e-3
stenosis_detection.channels = 32
stenosis_detection.box_width = 128
stenosis_detection.proposals = 100
stenosis_detection.rpn_samples = 64
stenosis_detection.roi_samples = 32
stenosis_detection.backbone = ")" +
                                 backbone + "\"\n" + more));
  const Ended ended = lab.vaso({"run", "one.toml", "--quiet"});
  INFO(ended.text());
  REQUIRE(ended.code == 0);
  CHECK(test_metric(lab, "test.ap50") > 0.95);
}

}  // namespace

TEST_SUITE("long") {
  TEST_CASE("eight angiograms by heart, unet_adapter") {
    overfit_masks("unet_adapter", 128, 300, "vessel_segmentation.channels = 8\nvessel_segmentation.norm = \"gn\"\n");
  }
  TEST_CASE("eight angiograms by heart, unet") {
    overfit_masks("unet", 128, 300, "vessel_segmentation.channels = 8\nvessel_segmentation.norm = \"gn\"\n");
  }
  // These two answer at the stride of a patch or half of it, so patches are small here, and attention local; UPerNet
  // is wide at its finest level, which 64 pixels make four times as quick.
  TEST_CASE("eight angiograms by heart, upernet") {
    overfit_masks("upernet", 64, 160,
                  "patch_size = 4\nvessel_segmentation.channels = 32\nvessel_segmentation.norm = \"gn\"\n");
  }
  TEST_CASE("eight angiograms by heart, linear") { overfit_masks("linear", 128, 300, "patch_size = 2\nwindow = 8\n"); }

  TEST_CASE("eight stenoses by heart, plain encoder") {
    overfit_boxes("vit", false, "image_size = 256\nepochs = 150\n");
  }
  // A ResNet-50 costs so much that it gets 64 pixels, with the lesion large enough in them.
  TEST_CASE("eight stenoses by heart, ResNet-50") {
    overfit_boxes("resnet50_fpn", true,
                  "image_size = 64\nepochs = 100\nstenosis_detection.anchor_sizes = [8, 16, 32, 48, 64]\n"
                  "stenosis_detection.rpn_positive_iou = 0.5\n");
  }
}
