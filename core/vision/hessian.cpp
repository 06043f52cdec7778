#include "vision/hessian.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vaso::vision {
namespace {

// Four doubles in GCC's vector extension, which every target splits or keeps as it can. Written out because the
// compiler left alone vectorises over the taps, which is several times slower.
using Four [[gnu::vector_size(32)]] = double;
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  Four lanes;
};
constexpr std::int64_t kBlock = 16;  // sums that stay in registers

// sum += weight·(a[0…3] ± b[0…3])
template <bool Odd>
[[gnu::always_inline]] inline void add(Four& sum, double weight, const double* a, const double* b) {
  const Four left = reinterpret_cast<const Unaligned*>(a)->lanes;
  const Four right = reinterpret_cast<const Unaligned*>(b)->lanes;
  sum += weight * (Odd ? left - right : left + right);
}

// out[i] = k[0]·mid[i] + Σ_j k[j]·(after[j][i] ± before[j][i]). One kernel serves both directions: the neighbours of a
// row are other rows, those of a column the same row shifted. An odd kernel has no centre.
template <bool Odd>
[[gnu::always_inline]] inline void correlate(const std::vector<double>& k, const double* mid,
                                             const double* const* before, const double* const* after,
                                             std::int64_t count, double* out) {
  const std::size_t taps = k.size();
  const double half_centre = Odd ? 0.0 : k[0] / 2;
  std::int64_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    Four s0{}, s1{}, s2{}, s3{};
    const auto tap = [&](double weight, const double* a, const double* b) __attribute__((always_inline)) {
      add<Odd>(s0, weight, a, b);
      add<Odd>(s1, weight, a + 4, b + 4);
      add<Odd>(s2, weight, a + 8, b + 8);
      add<Odd>(s3, weight, a + 12, b + 12);
    };
    tap(half_centre, mid + at, mid + at);
    for (std::size_t j = 1; j < taps; ++j) tap(k[j], after[j] + at, before[j] + at);
    reinterpret_cast<Unaligned*>(out + at)->lanes = s0;
    reinterpret_cast<Unaligned*>(out + at + 4)->lanes = s1;
    reinterpret_cast<Unaligned*>(out + at + 8)->lanes = s2;
    reinterpret_cast<Unaligned*>(out + at + 12)->lanes = s3;
  }
  for (; at < count; ++at) {
    double sum = 2 * half_centre * mid[at];
    for (std::size_t j = 1; j < taps; ++j)
      sum += k[j] * (Odd ? after[j][at] - before[j][at] : after[j][at] + before[j][at]);
    out[at] = sum;
  }
}

// AVX2 without FMA, so that every machine computes the same bits.
#if defined(__x86_64__) && !defined(VASO_SANITIZED)
#define VASO_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VASO_VECTOR_CLONES
#endif
VASO_VECTOR_CLONES void correlate_even(const std::vector<double>& k, const double* mid, const double* const* before,
                                       const double* const* after, std::int64_t count, double* out) {
  correlate<false>(k, mid, before, after, count, out);
}
VASO_VECTOR_CLONES void correlate_odd(const std::vector<double>& k, const double* mid, const double* const* before,
                                      const double* const* after, std::int64_t count, double* out) {
  correlate<true>(k, mid, before, after, count, out);
}

std::int64_t reflect(std::int64_t at, std::int64_t size) {
  const std::int64_t period = 2 * size;
  at = ((at % period) + period) % period;
  return at < size ? at : period - 1 - at;
}

// Filters one row at a time along either axis; holds the buffers for it.
class SeparableFilter {
 public:
  SeparableFilter(std::int64_t height, std::int64_t width, double sigma)
      : height_(height), width_(width), kernel_(gaussian_kernel(sigma / std::sqrt(2.0), sigma > 1 ? 8.0 : 100.0)) {
    radius_ = static_cast<std::int64_t>(kernel_.smooth.size()) - 1;
    before_.resize(kernel_.smooth.size());
    after_.resize(kernel_.smooth.size());
    padded_.resize(static_cast<std::size_t>(width + 2 * radius_));
  }

  enum class Order { smooth, slope };

  void along_rows(Order order, const Plane2d<double>& in, std::int64_t y, double* out) {
    for (std::int64_t j = 1; j <= radius_; ++j) {
      before_[static_cast<std::size_t>(j)] = in.row(reflect(y - j, height_));
      after_[static_cast<std::size_t>(j)] = in.row(reflect(y + j, height_));
    }
    apply(order, in.row(y), out);
  }

  void along_columns(Order order, const double* row, double* out) {
    std::copy_n(row, width_, padded_.begin() + radius_);
    for (std::int64_t x = 1; x <= radius_; ++x) {
      padded_[static_cast<std::size_t>(radius_ - x)] = row[reflect(-x, width_)];
      padded_[static_cast<std::size_t>(radius_ + width_ - 1 + x)] = row[reflect(width_ - 1 + x, width_)];
    }
    const double* mid = padded_.data() + radius_;
    for (std::int64_t j = 1; j <= radius_; ++j) {
      before_[static_cast<std::size_t>(j)] = mid - j;
      after_[static_cast<std::size_t>(j)] = mid + j;
    }
    apply(order, mid, out);
  }

 private:
  void apply(Order order, const double* mid, double* out) {
    if (order == Order::smooth) {
      correlate_even(kernel_.smooth, mid, before_.data(), after_.data(), width_, out);
    } else {
      correlate_odd(kernel_.slope, mid, before_.data(), after_.data(), width_, out);
    }
  }

  std::int64_t height_, width_, radius_ = 0;
  GaussianKernel kernel_;
  std::vector<const double*> before_, after_;
  std::vector<double> padded_;
};

}  // namespace

GaussianKernel gaussian_kernel(double deviation, double truncate, double negligible) {
  const auto radius = static_cast<std::size_t>(truncate * deviation + 0.5);
  const double variance = deviation * deviation;
  GaussianKernel kernel{std::vector<double>(radius + 1), std::vector<double>(radius + 1)};
  double sum = 0;
  for (std::size_t j = 0; j <= radius; ++j) {
    const auto x = static_cast<double>(j);
    kernel.smooth[j] = std::exp(-0.5 * x * x / variance);
    sum += j == 0 ? kernel.smooth[j] : 2 * kernel.smooth[j];
  }
  std::size_t kept = 1;
  for (std::size_t j = 0; j <= radius; ++j) {
    kernel.smooth[j] /= sum;
    kernel.slope[j] = static_cast<double>(j) / variance * kernel.smooth[j];
    // The slope's peak is at one standard deviation: φ(σ)/σ ≈ 0.61·φ(0)/σ.
    const double slope_peak = 0.6 * kernel.smooth[0] / deviation;
    if (kernel.smooth[j] >= negligible * kernel.smooth[0] || kernel.slope[j] >= negligible * slope_peak) kept = j + 1;
  }
  kernel.smooth.resize(kept);
  kernel.slope.resize(kept);
  return kernel;
}

void hessian(const Plane2d<double>& image, double sigma, const HessianRow& visit) {
  using Order = SeparableFilter::Order;
  const std::int64_t width = image.width;
  SeparableFilter filter(image.height, width, sigma);
  std::vector<double> row(static_cast<std::size_t>(width));
  Plane2d<double> along_r(image.height, width);
  Plane2d<double> along_c(image.height, width);
  for (std::int64_t y = 0; y < image.height; ++y) {
    filter.along_rows(Order::slope, image, y, row.data());
    filter.along_columns(Order::smooth, row.data(), along_r.row(y));
    filter.along_rows(Order::smooth, image, y, row.data());
    filter.along_columns(Order::slope, row.data(), along_c.row(y));
  }
  std::vector<double> rr(row.size()), rc(row.size()), cc(row.size());
  for (std::int64_t y = 0; y < image.height; ++y) {
    filter.along_rows(Order::slope, along_r, y, row.data());
    filter.along_columns(Order::smooth, row.data(), rr.data());
    filter.along_rows(Order::smooth, along_r, y, row.data());
    filter.along_columns(Order::slope, row.data(), rc.data());
    filter.along_rows(Order::smooth, along_c, y, row.data());
    filter.along_columns(Order::slope, row.data(), cc.data());
    visit(y, rr.data(), rc.data(), cc.data());
  }
}

}  // namespace vaso::vision
