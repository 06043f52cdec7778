#include "runs.hpp"

#include "npz.hpp"

#include "data/near_frames.hpp"
#include "data/projection.hpp"
#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::dominance {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPixels = "pixel_array";

struct Layout {
  std::int64_t frames = 1, height = 0, width = 0;
  std::int64_t frame_step = 0, row_step = 0, column_step = 1;  // elements
};

Layout layout_of(const npy::Header& header, const fs::path& file) {
  const std::vector<std::int64_t>& shape = header.shape;
  const bool numbers = !header.dtype.starts_with("<U") && header.dtype != "|b1";
  if (!numbers || shape.size() < 2 || shape.size() > 3 || header.elements() == 0) {
    throw DataError({file,
                     fmt::format("its `pixel_array` has type {} and shape ({})", header.dtype, fmt::join(shape, ", ")),
                     "frames × height × width numbers from 0 to 255 are read"});
  }
  Layout layout;
  layout.height = shape[shape.size() - 2];
  layout.width = shape[shape.size() - 1];
  if (shape.size() == 3) layout.frames = shape[0];
  for (const std::int64_t side : {layout.height, layout.width}) {
    if (side < vision::kSmallestSide || side > vision::kLargestSide)
      throw DataError({file, fmt::format("its frames are {}×{} pixels", layout.width, layout.height),
                       "remove it: it is no angiogram"});
  }
  if (header.fortran) {
    layout.row_step = layout.frames;
    layout.column_step = layout.frames * layout.height;
    layout.frame_step = 1;
  } else {
    layout.row_step = layout.width;
    layout.frame_step = layout.width * layout.height;
  }
  return layout;
}

std::string folder_above(const fs::path& file, bool (*is_it)(const std::string&)) {
  for (fs::path folder = file.parent_path(); folder.has_filename(); folder = folder.parent_path()) {
    if (is_it(folder.filename())) return folder.filename();
  }
  return "";
}

std::string angles_of(const npy::Npz& npz) {
  const auto angle = [&](const char* member) {
    const std::optional<npy::Array> array = npz.try_read(member);
    const std::optional<double> degrees = array ? npy::single_number(*array) : std::nullopt;
    return degrees && std::isfinite(*degrees) ? degrees : std::nullopt;
  };
  const std::optional<double> primary = angle("primary_angle"), secondary = angle("secondary_angle");
  return primary && secondary ? data::projection_name(*primary, *secondary) : "";
}

double difference(const data::Sketch& a, const data::Sketch& b) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < a.thumbnail.size(); ++i) {
    const double d = a.thumbnail[i] - b.thumbnail[i];
    sum += d;
    squares += d * d;
  }
  const auto count = static_cast<double>(a.thumbnail.size());
  return std::sqrt(std::max(0.0, squares / count - sum / count * sum / count));
}

}  // namespace

Run open_run(const fs::path& file, const fs::path& root) {
  const npy::Npz npz(file);
  Run run;
  run.file = file;
  run.name = file.lexically_relative(root).replace_extension().generic_string();
  run.frames = layout_of(npz.header(kPixels), file).frames;
  run.study = folder_above(file, [](const std::string& name) { return name.starts_with("Study"); });
  run.artery = folder_above(file, [](const std::string& name) { return name == "LCA" || name == "RCA"; });
  if (run.artery.empty()) {
    if (const std::optional<npy::Array> type = npz.try_read("artery_type"))
      run.artery = npy::single_text(*type).value_or("");
  }
  run.angles = angles_of(npz);
  return run;
}

std::vector<vision::GreyImage> read_frames(const fs::path& file) {
  const npy::Array array = npy::Npz(file).read(kPixels);
  const Layout layout = layout_of(array.header, file);
  const bool bytes = array.header.dtype == "|u1";
  std::vector<vision::GreyImage> frames;
  for (std::int64_t f = 0; f < layout.frames; ++f) {
    vision::GreyImage& frame = frames.emplace_back(layout.height, layout.width);
    for (std::int64_t y = 0; y < layout.height; ++y) {
      for (std::int64_t x = 0; x < layout.width; ++x) {
        const std::int64_t i = f * layout.frame_step + y * layout.row_step + x * layout.column_step;
        if (bytes) {
          frame.at(y, x) = array.values[static_cast<std::size_t>(i)];
          continue;
        }
        const double value = std::round(array.number(i));
        if (!(value >= 0 && value <= 255)) {
          throw DataError({file, fmt::format("frame {} of its `pixel_array` holds {}", f, array.number(i)),
                           "grey values from 0 to 255 are read: scale them and save the file again"});
        }
        frame.at(y, x) = static_cast<std::uint8_t>(value);
      }
    }
  }
  return frames;
}

std::vector<std::int64_t> distinct_frames(const std::vector<vision::GreyImage>& frames, std::int64_t stride,
                                          double threshold) {
  std::vector<std::int64_t> kept;
  data::Sketch last;
  for (std::int64_t f = 0; f < static_cast<std::int64_t>(frames.size()); f += stride) {
    const data::Sketch now = data::sketch(frames[static_cast<std::size_t>(f)]);
    if (!kept.empty() && difference(last, now) < threshold) continue;
    kept.push_back(f);
    last = now;
  }
  return kept;
}

}  // namespace vaso::dominance
