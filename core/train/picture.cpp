#include "train/picture.hpp"

#include "model/mim_losses.hpp"
#include "train/safetensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace vaso::train {
namespace {

constexpr int panel_side = 224;  // pixels; small views are enlarged, large ones reduced
constexpr int gap = 6, caption_height = 26;
const cv::Scalar paper(255, 255, 255), ink(40, 40, 40);

// Grey in [0,255] of the first channel of a normalised 3×S×S image.
cv::Mat grey(const at::Tensor& image, const experiment::Views& views) {
  const at::Tensor pixels = ((image[0].to(at::kFloat).cpu() * views.deviation[0] + views.mean[0]) * 255)
                                .clamp(0, 255)
                                .to(at::kByte)
                                .contiguous();
  const auto side = static_cast<int>(pixels.size(0));
  return cv::Mat(side, static_cast<int>(pixels.size(1)), CV_8UC1, pixels.data_ptr<std::uint8_t>()).clone();
}

// A S×S map in [0,1] blended over a grey image, in one colour (BGR).
cv::Mat overlay(const cv::Mat& image, const at::Tensor& map, const cv::Vec3b& colour) {
  const at::Tensor weights = map.to(at::kFloat).cpu().contiguous();
  const auto* w = weights.data_ptr<float>();
  cv::Mat result;
  cv::cvtColor(image, result, cv::COLOR_GRAY2BGR);
  result.forEach<cv::Vec3b>([&](cv::Vec3b& pixel, const int* at) {
    const float a = std::clamp(w[at[0] * image.cols + at[1]], 0.0F, 1.0F) * 0.8F;
    for (int c = 0; c < 3; ++c)
      pixel[c] =
          cv::saturate_cast<std::uint8_t>((1 - a) * static_cast<float>(pixel[c]) + a * static_cast<float>(colour[c]));
  });
  return result;
}

cv::Mat panel(const cv::Mat& image) {
  cv::Mat colour, sized;
  if (image.channels() == 1) {
    cv::cvtColor(image, colour, cv::COLOR_GRAY2BGR);
  } else {
    colour = image;
  }
  const bool shrinks = image.rows > panel_side;
  cv::resize(colour, sized, {panel_side, panel_side}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_NEAREST);
  return sized;
}

// Rows of equally many panels under captions.
void write_sheet(const std::filesystem::path& file, const std::vector<std::string>& captions,
                 const std::vector<std::vector<cv::Mat>>& rows) {
  const auto columns = static_cast<int>(captions.size());
  cv::Mat sheet(caption_height + static_cast<int>(rows.size()) * (panel_side + gap) + gap,
                columns * (panel_side + gap) + gap, CV_8UC3, paper);
  for (int c = 0; c < columns; ++c) {
    cv::putText(sheet, captions[static_cast<std::size_t>(c)], {gap + c * (panel_side + gap), caption_height - 8},
                cv::FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv::LINE_AA);
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const cv::Rect place(gap + static_cast<int>(c) * (panel_side + gap),
                           caption_height + static_cast<int>(r) * (panel_side + gap), panel_side, panel_side);
      panel(rows[r][c]).copyTo(sheet(place));
    }
  }
  bool written = false;
  try {
    written = cv::imwrite(file.string(), sheet);
  } catch (const cv::Exception&) {
    written = false;
  }
  if (!written)
    throw CheckpointError(fmt::format("{}: the picture cannot be written; is the disk full?", file.string()));
}

// The grey image with its masked patches painted grey, guided or not, and its dropped ones black.
cv::Mat plan_over(const cv::Mat& image, const at::Tensor& state, int patch) {
  cv::Mat result = image.clone();
  const at::Tensor states = state.cpu().contiguous();
  const int grid = image.cols / patch;
  for (int token = 0; token < grid * grid; ++token) {
    const auto what = states.data_ptr<std::int8_t>()[token];
    if (what == MaskPlan::keep) continue;
    const cv::Rect place(token % grid * patch, token / grid * patch, patch, patch);
    cv::rectangle(result, place, what == MaskPlan::mask ? cv::Scalar(110) : cv::Scalar(0), cv::FILLED);
  }
  return result;
}

}  // namespace

void draw_plan(const std::filesystem::path& file, const PlanPicture& picture) {
  const Recipe& recipe = *picture.recipe;
  const std::int64_t patch = recipe.shape.patch_size;
  const at::Tensor& image = picture.batch.at("image");
  at::Tensor rebuilt;
  if (picture.prediction.defined()) {
    const bool normalised = recipe.losses.empty() || recipe.losses.front().choice.flag("norm_pix").value_or(true);
    const at::Tensor whole =
        patchify(model::reconstruct_image(picture.prediction.to(at::kFloat), image, patch, normalised), patch);
    const at::Tensor hidden = (picture.plan.state == MaskPlan::mask).unsqueeze(-1);
    rebuilt = unpatchify(at::where(hidden, whole, patchify(image, patch)), patch);
  }
  std::vector<std::vector<cv::Mat>> rows;
  for (std::int64_t i = 0; i < image.size(0); ++i) {
    const cv::Mat seen = grey(image[i], recipe.settings.views);
    std::vector<cv::Mat> row = {seen, overlay(seen, picture.guidance[i][0], {40, 40, 255}),
                                plan_over(seen, picture.plan.state[i], static_cast<int>(patch))};
    if (rebuilt.defined()) row.push_back(grey(rebuilt[i], recipe.settings.views));
    rows.push_back(std::move(row));
  }
  std::vector<std::string> captions = {"image", "guidance", "plan: " + recipe.masking.component->entry.name};
  if (rebuilt.defined()) captions.emplace_back("reconstruction");
  write_sheet(file, captions, rows);
}

void draw_segmentation(const std::filesystem::path& file, const Recipe& recipe, const at::Tensor& image,
                       const at::Tensor& mask, const at::Tensor& probability) {
  std::vector<std::vector<cv::Mat>> rows;
  for (std::int64_t i = 0; i < image.size(0); ++i) {
    const cv::Mat seen = grey(image[i], recipe.settings.views);
    rows.push_back({seen, overlay(seen, mask[i][0], {60, 200, 60}), overlay(seen, probability[i][0], {40, 40, 255})});
  }
  write_sheet(file, {"image", "filter mask", "segmentor"}, rows);
}

}  // namespace vaso::train
