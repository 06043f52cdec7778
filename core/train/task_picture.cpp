#include "train/task_picture.hpp"

#include "data/labelled_loader.hpp"
#include "data/legend.hpp"
#include "vision/image_io.hpp"
#include "vision/label_colour.hpp"
#include "vision/planes.hpp"
#include "vision/resample.hpp"

namespace vaso::train {
namespace {

constexpr std::int64_t kSide = 320;  // pixels of a picture
constexpr double kTint = 0.6;
constexpr double kLeastScore = 0.3;  // boxes below it would cover the picture

vision::GreyImage plane(const data::Plane& pixels) {
  vision::GreyImage image(pixels.height, pixels.width);
  std::copy(pixels.pixels, pixels.pixels + pixels.height * pixels.width, image.pixels.begin());
  return image;
}

// Masks of an answer given at the input's size are enlarged to that of the image.
vision::GreyImage sized(const vision::GreyImage& mask, const vision::GreyImage& image) {
  if (mask.height == image.height && mask.width == image.width) return mask;
  vision::GreyImage out(image.height, image.width);
  vision::resize_nearest({mask.pixels.data(), mask.width, mask.height, mask.width}, out.height, out.width,
                         out.pixels.data());
  return out;
}

}  // namespace

vision::ColourImage draw_answer(const vision::GreyImage& image, const Answer& answer, double least_score) {
  vision::ColourImage picture = vision::to_colour(image);
  for (std::size_t label = 0; label < answer.masks.size(); ++label) {
    vision::tint(picture, sized(answer.masks[label], image), vision::label_colour(label), kTint);
  }
  for (std::size_t i = 0; i < answer.boxes.size(); ++i) {
    const Box& box = answer.boxes[i];
    if (answer.scores[i] < least_score) continue;
    vision::outline(picture, box.left, box.top, box.width, box.height,
                    vision::label_colour(static_cast<std::size_t>(box.label)));
  }
  return picture;
}

std::vector<vision::ColourImage> panels_of(const data::Pack& pack, const std::vector<std::string>& labels,
                                           std::int64_t record, const Answer& answer) {
  const vision::GreyImage image = plane(pack.image(record));
  Answer truth;
  if (answer.masks.empty()) {
    truth.boxes = pack.boxes(record);
    truth.scores.assign(truth.boxes.size(), 1.0);
  } else {
    for (std::size_t label = 0; label < labels.size(); ++label) {
      truth.masks.push_back(vision::to_grey(data::label_mask(pack, record, static_cast<std::int64_t>(label))));
    }
  }
  return {vision::to_colour(image), draw_answer(image, truth, 0), draw_answer(image, answer, kLeastScore)};
}

void write_panels(const std::filesystem::path& file, const std::string& head, const std::vector<std::string>& labels,
                  const std::vector<std::vector<vision::ColourImage>>& rows) {
  const vision::ColourImage sheet = vision::sheet({"image", "truth", head}, rows, kSide);
  vision::write_png(file, labels.size() > 1 ? data::with_legend(sheet, labels) : sheet);
}

}  // namespace vaso::train
