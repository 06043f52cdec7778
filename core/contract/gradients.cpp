#include "contract/gradients.hpp"

#include "contract/scene.hpp"
#include "contract/tensors.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace vaso::contract {
namespace {

constexpr double step = 1e-5, tolerance = 1e-4;

using Tensors = std::vector<at::Tensor>;

// Places may be tens of millions, as a network's weights are: here nothing as large as they are is made in passing.

double product(const Tensors& a, const Tensors& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += at::dot(a[i].reshape({-1}), b[i].reshape({-1})).item<double>();
  return sum;
}

double norm_of(const Tensors& tensors) { return std::sqrt(product(tensors, tensors)); }

// Of length one: noise, with so much of the gradient in it.
Tensors direction(const Tensors& gradient, double share, std::uint64_t seed) {
  Tensors along;
  for (const at::Tensor& each : gradient)
    along.push_back(noise(each.sizes(), seed + along.size()).to(each.device(), at::kDouble));
  const double scale = norm_of(along), length = std::max(norm_of(gradient), 1e-300);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    along[i].mul_((1 - share) / scale).add_(gradient[i], share / length);
  const double whole = norm_of(along);
  for (at::Tensor& each : along) each.div_(whole);
  return along;
}

class Walk {
 public:
  explicit Walk(const Tensors& places) : places_(places) {
    for (const at::Tensor& place : places) start_.push_back(place.detach().clone());
  }
  ~Walk() { to({}, 0); }
  void to(const Tensors& direction, double length) {
    const c10::NoGradGuard no_gradient;
    for (std::size_t i = 0; i < start_.size(); ++i) {
      places_[i].copy_(start_[i]);
      if (length != 0) places_[i].add_(direction[i], length);
    }
  }

 private:
  const Tensors& places_;
  Tensors start_;
};

}  // namespace

std::vector<at::Tensor> gradients_of(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters)
    gradients.push_back(parameter.grad().defined() ? parameter.grad().detach().clone() : at::zeros_like(parameter));
  return gradients;
}

void forget_gradients(const std::vector<at::Tensor>& parameters) {
  for (const at::Tensor& parameter : parameters) at::Tensor(parameter).mutable_grad() = at::Tensor();
}

void expect_gradient(const std::function<at::Tensor()>& value, const std::vector<at::Tensor>& all,
                     const std::string& of, Report& report) {
  Tensors places;  // but for what is fixed, such as a position table
  std::copy_if(all.begin(), all.end(), std::back_inserter(places),
               [](const auto& each) { return each.requires_grad(); });
  forget_gradients(places);
  const at::Tensor at_start = value();
  if (at_start.scalar_type() != at::kDouble) {
    report.skip("computes in less than float64 whatever it is given: too coarse for differences");
    return;
  }
  report.expect(at_start.requires_grad(), "the value depends on " + of, "it has no gradient");
  if (!at_start.requires_grad()) return;
  at_start.backward();
  const Tensors gradient = gradients_of(places);
  const bool finite = std::all_of(gradient.begin(), gradient.end(), all_finite);
  report.expect(finite, fmt::format("the gradient to {} is finite", of), "it has values that are NaN or infinite");
  if (!finite) return;
  Walk walk(places);
  std::uint64_t seed = 100;
  for (const double share : {0.7, 0.0}) {
    const Tensors along = direction(gradient, share, seed += 100);
    const c10::NoGradGuard no_gradient;
    walk.to(along, step);
    const double ahead = value().item<double>();
    walk.to(along, -step);
    const double behind = value().item<double>();
    const double numeric = (ahead - behind) / (2 * step), analytic = product(gradient, along);
    // Rounding of the two values sets the floor.
    const double floor = 1e-13 * std::max(std::abs(ahead), 1.0) / step;
    report.expect(
        std::abs(numeric - analytic) <= tolerance * std::max(std::abs(numeric), std::abs(analytic)) + floor,
        fmt::format("the gradient to {} is that of the value", of),
        fmt::format("along one direction it says {:.6g}, differences in float64 say {:.6g}", analytic, numeric));
  }
}

}  // namespace vaso::contract
