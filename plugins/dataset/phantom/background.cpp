#include "background.hpp"

#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

namespace vaso::phantom {
namespace {

using std::numbers::pi;
using vision::FloatImage;

// Adds shade(x, y) with coordinates in shares of the side.
template <class Shade>
void add(FloatImage& field, Shade shade) {
  const double side = static_cast<double>(field.width);
  for (std::int64_t y = 0; y < field.height; ++y) {
    for (std::int64_t x = 0; x < field.width; ++x) {
      field.at(y, x) +=
          static_cast<float>(shade((static_cast<double>(x) + 0.5) / side, (static_cast<double>(y) + 0.5) / side));
    }
  }
}

double soft_step(double x) { return 1 / (1 + std::exp(-x)); }
double bell(double x) { return std::exp(-0.5 * x * x); }

void add_gradients(Philox& random, FloatImage& field, double strength) {
  for (int wave = 0; wave < 5; ++wave) {
    const double angle = random.uniform(0, 2 * pi);
    const double frequency = 2 * pi * random.uniform(0.3, 1.3);
    const double phase = random.uniform(0, 2 * pi);
    const double size = strength * random.uniform(4, 15);
    add(field, [&](double x, double y) {
      return size * std::cos(frequency * (x * std::cos(angle) + y * std::sin(angle)) + phase);
    });
  }
}

void add_heart(Philox& random, FloatImage& field, double strength) {
  const double cx = random.uniform(0.35, 0.65), cy = random.uniform(0.45, 0.75);
  const double rx = random.uniform(0.3, 0.5), ry = random.uniform(0.25, 0.45);
  const double depth = strength * random.uniform(18, 45);
  add(field,
      [&](double x, double y) { return -depth * soft_step((1 - std::hypot((x - cx) / rx, (y - cy) / ry)) * 9); });
}

// A band of vertebrae, each a little darker at its end plates.
void add_spine(Philox& random, FloatImage& field, double strength) {
  const double at = random.uniform() < 0.5 ? random.uniform(-0.05, 0.25) : random.uniform(0.75, 1.05);
  const double lean = random.uniform(-0.25, 0.25), half = random.uniform(0.07, 0.11);
  const double pitch = random.uniform(0.15, 0.2), phase = random.uniform(0, 1);
  const double depth = strength * random.uniform(12, 32);
  add(field, [&](double x, double y) {
    const double off = (x - at - lean * (y - 0.5)) / half;
    const double plate = std::cos(2 * pi * (y / pitch + phase));
    return -depth * soft_step((1 - std::abs(off)) * 8) * (0.85 + 0.15 * plate);
  });
}

// Arcs with denser rims, as cortical bone shows.
void add_ribs(Philox& random, FloatImage& field, double strength) {
  const double cx = random.uniform(-0.3, 1.3), pitch = random.uniform(0.17, 0.26), first = random.uniform(-0.1, 0.1);
  const double sag = random.uniform(0.15, 0.5), slope = random.uniform(-0.35, 0.35);
  const double half = random.uniform(0.025, 0.04), depth = strength * random.uniform(3, 10);
  add(field, [&](double x, double y) {
    const double line = y - first - slope * x + sag * (x - cx) * (x - cx);
    const double off = (line - pitch * std::round(line / pitch)) / half;
    return -depth * (soft_step((1 - std::abs(off)) * 7) + 0.6 * bell((std::abs(off) - 0.9) / 0.18));
  });
}

void add_diaphragm(Philox& random, FloatImage& field, double strength) {
  if (random.uniform() < 0.35) return;
  const double cx = random.uniform(0, 1), radius = random.uniform(0.5, 0.9), top = random.uniform(0.68, 0.95);
  const double depth = strength * random.uniform(25, 60), edge = random.uniform(40, 110);
  add(field,
      [&](double x, double y) { return -depth * soft_step((radius - std::hypot(x - cx, y - top - radius)) * edge); });
}

// Bronchi, small vessels of the lung, folds: noise at the size of a few per cent of the frame.
void add_texture(Philox& random, FloatImage& field, double strength) {
  const auto side = static_cast<int>(field.width);
  for (const auto& [deviation, size] : {std::pair{0.03, 4.5}, {0.01, 2.2}}) {
    cv::Mat noise(side, side, CV_32F);
    for (int i = 0; i < side * side; ++i) noise.ptr<float>()[i] = static_cast<float>(random.uniform(-1, 1));
    cv::GaussianBlur(noise, noise, {}, deviation * side, 0, cv::BORDER_REFLECT);
    cv::Scalar mean, spread;
    cv::meanStdDev(noise, mean, spread);
    const double scale = strength * size / spread[0];
    for (std::size_t i = 0; i < field.pixels.size(); ++i) {
      field.pixels[i] += static_cast<float>(scale * noise.ptr<float>()[i]);
    }
  }
}

}  // namespace

FloatImage draw_background(Philox& random, std::int64_t size, double strength) {
  FloatImage field(size, size, static_cast<float>(random.uniform(150, 195)));
  add_gradients(random, field, strength);
  add_heart(random, field, strength);
  add_spine(random, field, strength);
  add_ribs(random, field, strength);
  add_diaphragm(random, field, strength);
  add_texture(random, field, strength);
  return field;
}

}  // namespace vaso::phantom
