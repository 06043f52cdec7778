#include "scene.hpp"

#include "background.hpp"
#include "stenosis.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

namespace vaso::phantom {
namespace {

using std::numbers::pi;
using vision::FloatImage;
using vision::GreyImage;

cv::Mat view(FloatImage& image) {
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_32F, image.pixels.data()};
}

// Calls visit(pixel, squared distance) for the pixels whose centre is less than `reach` from the node.
template <class Visit>
void for_each_near(std::int64_t side, const Node& node, double reach, Visit visit) {
  const auto bound = [side](double at) { return std::clamp<std::int64_t>(static_cast<std::int64_t>(at), 0, side); };
  for (std::int64_t y = bound(node.y - reach); y < bound(node.y + reach + 1); ++y) {
    for (std::int64_t x = bound(node.x - reach); x < bound(node.x + reach + 1); ++x) {
      const double dx = static_cast<double>(x) + 0.5 - node.x, dy = static_cast<double>(y) + 0.5 - node.y;
      const double squared = dx * dx + dy * dy;
      if (squared < reach * reach) visit(static_cast<std::size_t>(y * side + x), squared);
    }
  }
}

// How far a ray runs inside tubes, pixels. Where branches cross or join, cubes are summed: a crossing is darker than
// either branch, a joint is not twice as dark.
class Thickness {
 public:
  explicit Thickness(std::int64_t side) : cubes_(side, side), branch_(side, side) {}

  void add(const Branch& branch) {
    std::vector<std::size_t> touched;
    for (const Node& node : branch) {
      const double reach = node.radius + 0.35;  // so that the thinnest tube meets a pixel's centre
      for_each_near(cubes_.width, node, reach, [&](std::size_t pixel, double squared) {
        float& chord = branch_.pixels[pixel];
        if (chord == 0) touched.push_back(pixel);
        chord = std::max(chord, static_cast<float>(2 * node.radius * std::sqrt(1 - squared / (reach * reach)) + 1e-6));
      });
    }
    for (const std::size_t pixel : touched) {
      cubes_.pixels[pixel] += branch_.pixels[pixel] * branch_.pixels[pixel] * branch_.pixels[pixel];
      branch_.pixels[pixel] = 0;
    }
  }
  double at(std::size_t pixel) const { return std::cbrt(static_cast<double>(cubes_.pixels[pixel])); }

 private:
  FloatImage cubes_, branch_;
};

void mark(GreyImage& mask, const Branch& branch) {
  for (const Node& node : branch) {
    for_each_near(mask.width, node, std::max(node.radius, 0.75),
                  [&](std::size_t pixel, double) { mask.pixels[pixel] = 255; });
  }
}

struct Ostium {
  double x, y, angle;
};

Ostium place_ostium(Philox& random, double side) {
  const bool left = random.uniform() < 0.5;  // a left coronary runs to the right of the picture
  const double x = side * (left ? random.uniform(0.15, 0.45) : random.uniform(0.55, 0.85));
  const double y = side * random.uniform(0.12, 0.35);
  const double down = random.uniform(0.1, 1.2);
  return {x, y, left ? down : pi - down};
}

// A smooth curve from the edge of the frame to the ostium, of even width.
Branch draw_catheter(Philox& random, const Ostium& ostium, double side) {
  const double radius = side / 512 * random.uniform(3, 4.2);
  const double from_x = ostium.x + side * random.uniform(-0.35, 0.35), from_y = -0.05 * side;
  const double back = side * random.uniform(0.1, 0.25);
  const double bend_x = ostium.x - back * std::cos(ostium.angle), bend_y = ostium.y - back * std::sin(ostium.angle);
  Branch catheter;
  const int steps = static_cast<int>(3 * side);
  for (int i = 0; i <= steps; ++i) {
    const double t = static_cast<double>(i) / steps, s = 1 - t;
    catheter.push_back({s * s * from_x + 2 * s * t * bend_x + t * t * ostium.x,
                        s * s * from_y + 2 * s * t * bend_y + t * t * ostium.y, radius});
  }
  return catheter;
}

// Quantum noise: counts vary with their root. Slightly blurred by the detector, hence correlated.
void add_noise(Philox& random, FloatImage& image, double noise) {
  FloatImage grain(image.height, image.width);
  for (float& value : grain.pixels) value = static_cast<float>(random.normal());
  cv::GaussianBlur(view(grain), view(grain), {}, 0.5, 0, cv::BORDER_REFLECT);
  constexpr double kept = 0.61;  // of the standard deviation, by that blur
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const double grey = std::max(image.pixels[i], 0.0f);
    image.pixels[i] += static_cast<float>(noise / kept * std::sqrt(grey / 128) * grain.pixels[i]);
  }
}

void add_collimator(Philox& random, FloatImage& image, Scene& scene) {
  const double side = static_cast<double>(image.width);
  const double cx = side * random.uniform(0.47, 0.53), cy = side * random.uniform(0.47, 0.53),
               radius = side * random.uniform(0.49, 0.6);
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      const double inside = radius - std::hypot(static_cast<double>(x) - cx, static_cast<double>(y) - cy);
      const double open = std::clamp(inside / 1.5 + 0.5, 0.0, 1.0);
      image.at(y, x) = static_cast<float>(6 + (image.at(y, x) - 6) * open);
      if (open >= 0.5) continue;
      scene.vessel.at(y, x) = 0;
      for (GreyImage& stenosis : scene.stenoses) stenosis.at(y, x) = 0;
    }
  }
}

}  // namespace

Scene draw_scene(Philox& random, Philox& narrowing, const SceneOptions& options) {
  const std::int64_t size = options.size;
  const double side = static_cast<double>(size), unit = side / 512;
  FloatImage image = draw_background(random, size, options.background);
  Scene scene{GreyImage(size, size), GreyImage(size, size), {}};

  Thickness contrast(size);
  Thickness instrument(size);
  for (std::int64_t tree = 0; tree < options.trees; ++tree) {
    const Ostium ostium = place_ostium(random, side);
    const double radius = options.radius * unit * random.uniform(0.8, 1.0);
    std::vector<Branch> branches =
        grow_tree(random, ostium.x, ostium.y, ostium.angle, {side, radius, 0.55 * std::sqrt(unit), options.branches});
    if (tree == 0 && options.stenoses > 0) {
      for (const Stenosis& stenosis : narrow(narrowing, branches, options.stenoses, side)) {
        mark(scene.stenoses.emplace_back(size, size), stenosis);
      }
    }
    for (const Branch& branch : branches) {
      contrast.add(branch);
      mark(scene.vessel, branch);
    }
    if (tree == 0 && random.uniform() < options.catheter) instrument.add(draw_catheter(random, ostium, side));
  }

  // Lambert–Beer: the widest vessel takes `contrast` of the beam. The filling differs between frames.
  const double absorption = -std::log(1 - options.contrast) / (2 * options.radius * unit) * random.uniform(0.75, 1.15);
  const double steel = 0.3 / (7 * unit);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] *= static_cast<float>(std::exp(-absorption * contrast.at(i) - steel * instrument.at(i)));
  }
  if (options.blur > 0)
    cv::GaussianBlur(view(image), view(image), {}, std::max(options.blur * unit, 0.3), 0, cv::BORDER_REFLECT);
  if (random.uniform() < options.collimator) add_collimator(random, image, scene);
  add_noise(random, image, options.noise);
  std::transform(image.pixels.begin(), image.pixels.end(), scene.image.pixels.begin(),
                 [](float value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)); });
  return scene;
}

}  // namespace vaso::phantom
