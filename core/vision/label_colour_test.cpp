#include "vision/label_colour.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

using vaso::vision::Colour;
using vaso::vision::label_colour;

namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

// Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE TVCG
// 2009, severity 1; on linear sRGB.
constexpr Matrix everybody{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr Matrix without_red{
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix without_green{
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
constexpr Matrix without_blue{
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};

Vector product(const Matrix& matrix, const Vector& vector) {
  Vector result{};
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 3; ++column) result[row] += matrix[row][column] * vector[column];
  return result;
}

double linear(std::uint8_t value) {
  const double share = value / 255.0;
  return share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
}

// CIELAB of what such eyes see, for D65.
Vector seen(const Colour& colour, const Matrix& eyes) {
  Vector light = product(eyes, {linear(colour.red), linear(colour.green), linear(colour.blue)});
  for (double& value : light) value = std::clamp(value, 0.0, 1.0);
  constexpr Matrix to_xyz{
      {{0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}}};
  constexpr Vector white{0.95047, 1.0, 1.08883};
  Vector f = product(to_xyz, light);
  for (std::size_t i = 0; i < 3; ++i) {
    const double share = f[i] / white[i];
    f[i] = share > 0.008856 ? std::cbrt(share) : 7.787 * share + 16.0 / 116;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

double least_difference(std::size_t labels, const Matrix& eyes) {
  std::vector<Vector> colours;
  for (std::size_t label = 0; label < labels; ++label) colours.push_back(seen(label_colour(label), eyes));
  double least = 1e9;
  for (std::size_t i = 0; i < labels; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      least = std::min(least, std::hypot(colours[i][0] - colours[j][0], colours[i][1] - colours[j][1],
                                         colours[i][2] - colours[j][2]));
    }
  }
  return least;
}

}  // namespace

TEST_SUITE("unit") {
  // Expected: scikit-image 0.19.3, rgb2lab. A difference of 2.3 is just noticed.
  TEST_CASE("25 segments are told apart, with all cones and with two kinds") {
    CHECK(least_difference(25, everybody) == doctest::Approx(14.43).epsilon(0.001));
    CHECK(least_difference(25, without_red) == doctest::Approx(8.46).epsilon(0.001));
    CHECK(least_difference(25, without_green) == doctest::Approx(11.20).epsilon(0.001));
    CHECK(least_difference(25, without_blue) == doctest::Approx(9.07).epsilon(0.001));
    for (const Matrix& eyes : {everybody, without_red, without_green, without_blue}) {
      CHECK(least_difference(8, eyes) > 23);
    }
  }

  TEST_CASE("labels beyond the 25th have colours of their own") {
    CHECK(least_difference(31, everybody) > 2.3);
    for (std::size_t label = 0; label < 31; ++label) {
      CAPTURE(label);
      CHECK(seen(label_colour(label), everybody)[0] > 20);  // seen on the dark paper of the pictures
    }
  }
}
