#include "vision/hessian.hpp"

#include "vision/prefetch.hpp"
#include "vision/row_filters.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace vaso::vision {
namespace {

constexpr std::int64_t kStripWidth = 4 * kStep;  // columns at a time: what a filter across rows reads stays in cache
static_assert(kStripWidth <= PaddedImage::kSpare);
constexpr std::int64_t kBlockRows = 128;

std::int64_t rounded_up(std::int64_t count, std::int64_t step) { return (count + step - 1) / step * step; }

// A window of rows, filtered along; it moves down the strip.
class StripWindow {
 public:
  explicit StripWindow(std::int64_t rows)
      : values_(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(rows * kStripWidth))) {}
  float* row(std::int64_t y) { return values_.get() + (y - top_) * kStripWidth; }
  // Rows top … end−1 are kept; the window then begins at `top`.
  void move_to(std::int64_t top, std::int64_t end) {
    if (top > top_ && end > top) std::copy(row(top), row(end), values_.get());
    top_ = top;
  }

 private:
  std::unique_ptr<float[]> values_;
  std::int64_t top_ = 0;
};

class StripFilter {
 public:
  // What a block of outputs sees, and one row more, which the partner that the last row may lack would see.
  static std::int64_t window_rows(const HessianFilters& filters) { return 2 * filters.radius + kBlockRows + 1; }

  StripFilter(const PaddedImage& image, const HessianFilters& filters)
      : image_(image),
        height_(image.height()),
        width_(image.width()),
        filters_(filters),
        smooth_(window_rows(filters)),
        slope_(window_rows(filters)),
        curve_(window_rows(filters)),
        border_(static_cast<std::size_t>(filters.border_step)) {}

  // Columns `left` and `count` more, of rows `begin` to `end`.
  void run(std::int64_t left, std::int64_t count, std::int64_t begin, std::int64_t end,
           const std::function<void(const HessianStrip&)>& visit) {
    left_ = left;
    count_ = count;
    std::int64_t filled = std::max<std::int64_t>(0, begin - filters_.radius);
    for (std::int64_t y = begin; y < end; y += kBlockRows) {
      const std::int64_t block_end = std::min(y + kBlockRows, end);
      const std::int64_t top = std::max<std::int64_t>(0, y - filters_.radius);
      for (StripWindow* window : {&smooth_, &slope_, &curve_}) window->move_to(top, filled);
      for (; filled < std::min(height_, block_end + filters_.radius); ++filled) along(filled);
      across(y, block_end, visit);
    }
  }

 private:
  std::int64_t computed() const { return rounded_up(count_, kStep); }

  void along(std::int64_t y) {
    const HessianFilters::Halves& halves = filters_.along;
    const ThreeRows out{smooth_.row(y), slope_.row(y), curve_.row(y)};
    prefetch(image_.row(std::min(y + kRowsAhead, height_ - 1)) + left_ - filters_.radius, count_ + 2 * filters_.radius);
    filter_along(image_.row(y) + left_,
                 {filters_.radius, halves.smooth.data(), halves.slope.data(), halves.curve.data()}, computed(), out);
    const std::int64_t at_left = std::min(filters_.radius, width_),
                       at_right = std::min(filters_.radius, width_ - at_left);
    if (left_ < at_left) {
      const std::int64_t inputs = std::min(width_, at_left + filters_.radius), begin = left_ / kLanes * kLanes;
      weighted_sum(image_.row(y) + inputs - 1, -1, &filters_.left_curve[at(inputs - 1)] + begin, -filters_.border_step,
                   inputs, rounded_up(at_left - begin, kLanes), border_.data() + begin);
      std::copy_n(border_.data() + left_, std::min(at_left - left_, count_), out.curve);
    }
    const std::int64_t first = width_ - at_right;  // output
    if (at_right > 0 && left_ + count_ > first) {
      const std::int64_t inputs = std::min(width_, at_right + filters_.radius);
      const std::int64_t from = std::max(left_, first), end = left_ + count_;
      weighted_sum(image_.row(y) + width_ - inputs, 1, &filters_.right_curve[at(inputs - 1)], -filters_.border_step,
                   inputs, rounded_up(end - first, kLanes), border_.data());
      std::copy_n(border_.data() + (from - first), end - from, out.curve + (from - left_));
    }
  }

  std::size_t at(std::int64_t input) const { return static_cast<std::size_t>(input * filters_.border_step); }

  // One filter after the other, so that what each slides over stays in the first cache.
  void across(std::int64_t y, std::int64_t end, const std::function<void(const HessianStrip&)>& visit) {
    const HessianFilters::Halves& halves = filters_.down;
    const std::int64_t radius = filters_.radius, count = computed();
    const std::int64_t first = std::clamp(radius, y, end), last = std::clamp(height_ - radius, first, end);  // inside
    // Two rows at a time. Where the last has no partner, a row is written that the border's comes over, or none.
    for (std::int64_t at = first; at < last; at += 2)
      filter_across_even(smooth_.row(at), kStripWidth, halves.curve.data(), radius, count, rr_[at - y],
                         rr_[at - y + 1]);
    for (std::int64_t at = first; at < last; at += 2)
      filter_across_odd(slope_.row(at), kStripWidth, halves.slope.data(), radius, count, rc_[at - y], rc_[at - y + 1]);
    for (std::int64_t at = first; at < last; at += 2)
      filter_across_even(curve_.row(at), kStripWidth, halves.smooth.data(), radius, count, cc_[at - y],
                         cc_[at - y + 1]);
    for (std::int64_t at = y; at < first; ++at) border(at, at - y);
    for (std::int64_t at = last; at < end; ++at) border(at, at - y);
    for (std::int64_t i = 0; i < end - y; ++i) visit({y + i, left_, count_, rr_[i], rc_[i], cc_[i]});
  }

  // Row y sees the upper or lower border; its derivatives go to row `to` of the block.
  void border(std::int64_t y, std::int64_t to) {
    const auto sum = [&](StripWindow& window, const std::vector<float>& weights, float* out) {
      const auto terms = static_cast<std::int64_t>(weights.size());
      const std::int64_t first = std::max<std::int64_t>(0, y - filters_.radius);
      if (first == 0) {  // from the far end towards the border
        weighted_sum(weights.data() + terms - 1, -1, window.row(terms - 1), -kStripWidth, terms, computed(), out);
      } else {
        weighted_sum(weights.data(), 1, window.row(first), kStripWidth, terms, computed(), out);
      }
    };
    const HessianFilters::BorderRow& row = y < filters_.radius
                                               ? filters_.top[static_cast<std::size_t>(y)]
                                               : filters_.bottom[static_cast<std::size_t>(height_ - 1 - y)];
    sum(smooth_, row.curve, rr_[to]);
    sum(slope_, row.slope, rc_[to]);
    sum(curve_, row.smooth, cc_[to]);
  }

  const PaddedImage& image_;
  std::int64_t height_, width_;
  const HessianFilters& filters_;
  StripWindow smooth_, slope_, curve_;  // filtered along by each, still to be filtered across
  std::vector<float> border_;
  std::int64_t left_ = 0, count_ = 0;
  using Block = float[kBlockRows + 1][kStripWidth];
  Block rr_, rc_, cc_;
};

}  // namespace

void hessian(const PaddedImage& image, const HessianFilters& filters, std::int64_t margin,
             const std::function<void(const HessianStrip&)>& visit) {
  if (filters.radius > image.pad()) throw std::invalid_argument("the padding is narrower than the filter");
  StripFilter strip(image, filters);
  const std::int64_t end = image.width() - margin;
  for (std::int64_t x = margin; x < end; x += kStripWidth) {
    strip.run(x, std::min(kStripWidth, end - x), margin, image.height() - margin, visit);
  }
}

SecondDerivatives hessian_at(const PaddedImage& image, const HessianFilters& filters, std::int64_t y, std::int64_t x) {
  const AxisFilters &rows = filters.rows, &columns = filters.columns;
  const std::int64_t top = rows.first(y), left = columns.first(x), width = rounded_up(columns.count(x), kLanes);
  std::vector<double> sums(static_cast<std::size_t>(3 * width));
  double *smooth = sums.data(), *slope = smooth + width, *curve = slope + width;
  weighted_sums(
      {rows.weights(rows.smooth, y).data(), rows.weights(rows.slope, y).data(), rows.weights(rows.curve, y).data()},
      image.row(top) + left, image.stride(), rows.count(y), width, {smooth, slope, curve});
  const auto &along_smooth = columns.weights(columns.smooth, x), &along_slope = columns.weights(columns.slope, x),
             &along_curve = columns.weights(columns.curve, x);
  SecondDerivatives result{0, 0, 0};
  for (std::size_t k = 0; k < along_smooth.size(); ++k) {
    result.rr += along_smooth[k] * curve[k];
    result.rc += along_slope[k] * slope[k];
    result.cc += along_curve[k] * smooth[k];
  }
  return result;
}

}  // namespace vaso::vision
