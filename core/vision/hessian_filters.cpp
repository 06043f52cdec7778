#include "vision/hessian.hpp"
#include "vision/row_filters.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

namespace vaso::vision {
namespace {

constexpr double kBeyondDouble = 1e-13;  // of weights: 1e-11 grey levels
constexpr double kBeyondFloat = 1e-6;    // 1e-4 grey levels
constexpr double kLargest = 128;         // pixels are taken from −128 to 127
constexpr double kRoundOff = 0x1p-24;

// What a filter in single precision does to a bound on its input and to the input's error.
struct Effect {
  double gain = 0;  // largest sum of |weights|
  double lost = 0;  // largest difference to the sum with the true weights, for inputs of at most 1
};

// Every step of a sum rounds it once; before that come rounding the weight, the difference or sum of two inputs, and
// the product. 1 % covers terms of higher order.
Effect effect_of_steps(const std::vector<double>& magnitudes, double cut) {
  double sum = 0, of_sums = 0;
  for (const double magnitude : magnitudes) {
    sum += magnitude;
    of_sums += sum;
  }
  return {sum, cut + 1.01 * kRoundOff * (3 * sum + of_sums)};
}

Effect larger(const Effect& a, const Effect& b) { return {std::max(a.gain, b.gain), std::max(a.lost, b.lost)}; }

struct Effects {
  Effect inside, anywhere;
};

Effects effects_of(const AxisFilters& axis, const AxisFilter& filter) {
  const auto magnitudes = [](const std::vector<double>& weights) {
    std::vector<double> result(weights.size());
    std::transform(weights.begin(), weights.end(), result.begin(), [](double weight) { return std::abs(weight); });
    return result;
  };
  std::vector<double> pairs;  // from the outermost inwards, as row_filters.hpp sums
  for (std::int64_t j = axis.radius; j >= 0; --j) {
    const double weight = std::abs(filter.kernel[static_cast<std::size_t>(axis.radius + j)]);
    pairs.push_back(j == 0 ? weight : 2 * weight);
  }
  Effects effects;
  effects.anywhere = effects.inside = effect_of_steps(pairs, filter.lost);
  for (const auto* border : {&filter.front, &filter.back}) {
    for (const std::vector<double>& weights : *border) {
      std::vector<double> terms = magnitudes(weights);  // summed in one order or the other
      effects.anywhere = larger(effects.anywhere, effect_of_steps(terms, filter.lost));
      std::reverse(terms.begin(), terms.end());
      effects.anywhere = larger(effects.anywhere, effect_of_steps(terms, filter.lost));
    }
  }
  return effects;
}

// Error of one derivative: `first` along the columns' axis, then `second` along the rows'.
double error_of(const Effect& first, const Effect& second) {
  return kLargest * (first.lost * second.gain + (first.gain + first.lost) * second.lost);
}

HessianError error_bound(const AxisFilters& rows, const AxisFilters& columns, bool inside) {
  const auto of = [inside](const AxisFilters& axis, const AxisFilter& filter) {
    const Effects effects = effects_of(axis, filter);
    return inside ? effects.inside : effects.anywhere;
  };
  const Effect row_smooth = of(rows, rows.smooth), row_slope = of(rows, rows.slope), row_curve = of(rows, rows.curve);
  const Effect column_smooth = of(columns, columns.smooth), column_slope = of(columns, columns.slope),
               column_curve = of(columns, columns.curve);
  const double rr = error_of(column_smooth, row_curve), rc = error_of(column_slope, row_slope),
               cc = error_of(column_curve, row_smooth);
  // Entries are at most this; the closed form of the eigenvalues rounds nine times at most, each by half a unit of it.
  const double entry = kLargest * std::max({column_smooth.gain * row_curve.gain, column_slope.gain * row_slope.gain,
                                            column_curve.gain * row_smooth.gain});
  // An eigenvalue moves by no more than the spectral norm of what is added, that by no more than a row of it.
  return {(rr + cc) / 2 + kRoundOff * entry, std::max(rr, cc) + rc + 9 * kRoundOff * entry};
}

std::vector<float> to_float(const std::vector<double>& values, std::int64_t from = 0) {
  return {values.begin() + from, values.end()};
}

HessianFilters::Halves halves(const AxisFilters& axis) {
  return {to_float(axis.smooth.kernel, axis.radius), to_float(axis.slope.kernel, axis.radius),
          to_float(axis.curve.kernel, axis.radius)};
}

using Borders = std::vector<std::vector<double>> AxisFilter::*;

std::vector<HessianFilters::BorderRow> border_rows(const AxisFilters& axis, Borders side) {
  std::vector<HessianFilters::BorderRow> rows;
  for (std::size_t i = 0; i < (axis.smooth.*side).size(); ++i) {
    rows.push_back(
        {to_float((axis.smooth.*side)[i]), to_float((axis.slope.*side)[i]), to_float((axis.curve.*side)[i])});
  }
  return rows;
}

// Row `input` from the border, column `output` from the left.
std::vector<float> border_matrix(const std::vector<std::vector<double>>& weights, bool back, std::int64_t step) {
  std::size_t inputs = 0;
  for (const auto& of_output : weights) inputs = std::max(inputs, of_output.size());
  std::vector<float> matrix(inputs * static_cast<std::size_t>(step));
  const std::size_t outputs = weights.size();
  for (std::size_t i = 0; i < outputs; ++i) {
    for (std::size_t k = 0; k < weights[i].size(); ++k) {
      const std::size_t input = back ? weights[i].size() - 1 - k : k;
      const std::size_t output = back ? outputs - 1 - i : i;
      matrix[input * static_cast<std::size_t>(step) + output] = static_cast<float>(weights[i][k]);
    }
  }
  return matrix;
}

std::shared_ptr<const HessianFilters> make(std::int64_t height, std::int64_t width, double sigma) {
  HessianFilters filters;
  filters.rows = axis_filters(height, sigma, Axis::rows).cut(kBeyondDouble);
  filters.columns = axis_filters(width, sigma, Axis::columns).cut(kBeyondDouble);
  const AxisFilters rows = filters.rows.cut(kBeyondFloat), columns = filters.columns.cut(kBeyondFloat);
  filters.radius = rows.radius;
  filters.down = halves(rows);
  filters.along = halves(columns);
  filters.top = border_rows(rows, &AxisFilter::front);
  filters.bottom = border_rows(rows, &AxisFilter::back);
  const auto outputs = static_cast<std::int64_t>(columns.curve.front.size());
  filters.border_step = (outputs + kLanes - 1) / kLanes * kLanes;
  filters.left_curve = border_matrix(columns.curve.front, false, filters.border_step);
  filters.right_curve = border_matrix(columns.curve.back, true, filters.border_step);
  filters.inside = error_bound(rows, columns, true);
  filters.anywhere = error_bound(rows, columns, false);
  return std::make_shared<const HessianFilters>(std::move(filters));
}

}  // namespace

std::shared_ptr<const HessianFilters> hessian_filters(std::int64_t height, std::int64_t width, double sigma) {
  using Key = std::tuple<std::int64_t, std::int64_t, double>;
  static std::mutex mutex;
  static std::map<Key, std::shared_ptr<const HessianFilters>> made;
  constexpr std::size_t kMost = 64;  // a data set has few sizes; one where every image has its own must not fill memory
  const std::lock_guard lock(mutex);
  const Key key{height, width, sigma};
  const auto found = made.find(key);
  if (found != made.end()) return found->second;
  if (made.size() >= kMost) made.clear();
  return made[key] = make(height, width, sigma);
}

}  // namespace vaso::vision
