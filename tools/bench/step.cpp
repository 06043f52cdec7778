// One pre-training step: what part of the machine's matrix product it reaches, what memory it takes, and how much of it
// is spent outside kernels. Images are noise, and nothing is read or written.
#include "bench.hpp"
#include "operator_times.hpp"

#include "cuda/device.hpp"
#include "model/mae_decoder.hpp"
#include "model/mim_losses.hpp"
#include "model/recompute.hpp"
#include "model/unext.hpp"
#include "train/clock.hpp"
#include "train/device.hpp"
#include "train/optimizer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <torch/cuda.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace vaso::bench {
namespace {

// Bytes that are allocated now, and the most that the process ever occupied.
double bytes_in_use() {
  const auto info = ::mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}
double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

// Multiplications and additions of a stack of transformer blocks on `tokens` tokens, forward.
double transformer_flops(std::int64_t tokens, std::int64_t dim, std::int64_t depth) {
  const auto t = static_cast<double>(tokens), d = static_cast<double>(dim);
  return static_cast<double>(depth) * (24 * t * d * d + 4 * t * t * d);
}

struct Networks : torch::nn::Module {
  std::shared_ptr<model::Vit> encoder;
  std::shared_ptr<model::MaeDecoder> decoder;
  std::shared_ptr<model::UnextS> segmentor;  // not registered: it is not trained
};

class StepBench final : public Bench {
 public:
  void describe(Schema& s) override {
    s.field(model_, "model", "the encoder").choices({"vit_ti", "vit_s", "vit_b", "vit_l", "vit_h"});
    s.field(size_, "size", "side of the images; a multiple of 32").range(32, 1024).unit("px");
    s.field(batch_, "batch", "images per step").range(1, 4096);
    s.field(ratio_, "ratio", "share of the patches that is masked").range(0, 0.99);
    s.field(decoder_dim_, "decoder_dim", "width of the decoder").range(4, 8192);
    s.field(decoder_depth_, "decoder_depth", "blocks of the decoder").range(1, 64);
    s.field(consistency_, "consistency", "with the anatomical consistency loss beside the reconstruction's");
    s.field(precision_, "precision", "of the forward pass").choices({"fp32", "bf16"});
    s.field(checkpointing_, "activation_checkpointing", "as model.activation_checkpointing");
    s.field(device_, "device", "where to compute").choices({"cpu", "cuda", "auto"});
    s.field(operators_, "operators", "so many operators, those that take longest, get a row each; on a CPU")
        .range(0, 1000);
  }

  std::vector<Figure> measure(const Request& request) override {
    if (operators_ > 0 && device_ != "cpu")
      throw std::invalid_argument("operators: on a GPU they only launch what takes the time; set device=cpu as well");
    const c10::Device device = train::choose_device(device_);
    request.stage("the machine's matrix product");
    const double peak = peak_flops(request, device);
    request.stage("making the networks");
    make_networks(device);
    std::vector<std::pair<std::string, at::Tensor>> parameters;
    for (const auto& item : networks_->named_parameters()) parameters.emplace_back(item.key(), item.value());
    train::AdamW optimizer(train::mae_groups(parameters), {});
    const at::Tensor image = at::rand({batch_, 3, size_, size_}, train::make_generator(c10::kCPU, 1)).to(device);
    const MaskPlan plan = make_plan(device);

    // As in training, the host does not wait for a GPU after each step.
    const int at_once = device.is_cpu() ? 1 : 4;
    request.stage(fmt::format("{} steps of {} images", (request.repeat + 1) * at_once, batch_));
    std::vector<double> forward, backward, update;
    double needed = 0;
    const auto step = [&](bool in_parts) {
      // On a GPU parts can be told apart only by waiting after each, which whole steps do not.
      const auto wait = [&] {
        if (in_parts && !device.is_cpu()) torch::cuda::synchronize();
      };
      const train::Clock clock;
      at::Tensor loss = loss_of(image, plan, device);
      wait();
      needed = bytes_in_use();
      const double after_forward = clock.seconds();
      optimizer.zero_grad();
      loss.backward();
      wait();
      const double after_backward = clock.seconds();
      optimizer.step(1e-4);
      wait();
      forward.push_back(1e3 * after_forward);
      backward.push_back(1e3 * (after_backward - after_forward));
      update.push_back(1e3 * (clock.seconds() - after_backward));
    };
    std::vector<double> whole = seconds_each(request, [&] {
      for (int i = 0; i < at_once; ++i) step(false);
      if (!device.is_cpu()) torch::cuda::synchronize();
    });
    for (double& seconds : whole) seconds /= at_once;
    if (!device.is_cpu()) {
      for (auto* part : {&forward, &backward, &update}) part->clear();
      for (int i = 0; i < request.repeat + 1; ++i) step(true);
    }
    for (auto* part : {&forward, &backward, &update}) part->erase(part->begin());

    Figure rate{
        "images", "images/s", {}, true, peak / flops_per_image(), "its matrix products at the rate of a large one"};
    Figure work{"rate of the step's matrix products",
                "GFLOP/s",
                {},
                true,
                peak / 1e9,
                fmt::format("{1} of {0}×{0}", peak_side(device), device.is_cpu() ? "a product" : "products in a row")};
    for (const double each : whole) {
      rate.values.push_back(static_cast<double>(batch_) / each);
      work.values.push_back(static_cast<double>(batch_) * flops_per_image() / each / 1e9);
    }
    std::vector<Figure> figures = {rate, work, part("forward", forward), part("backward", backward),
                                   part("optimizer", update)};
    if (!device.is_cpu()) {
      if (cuda::available())
        figures.push_back(
            {"memory of the GPU in use", "GiB", {static_cast<double>(cuda::bytes_in_use()) / gib}, false, 0, ""});
      return figures;
    }
    // Gradients are not there yet at the end of a forward pass, when all else is.
    for (const auto& [name, tensor] : parameters) needed += tensor.requires_grad() ? tensor.nbytes() : 0;
    figures.push_back({"most memory",
                       "GiB",
                       {peak_bytes() / gib},
                       false,
                       needed / gib,
                       "weights, gradients, moments and activations"});
    if (operators_ > 0) {
      const OperatorTimes times;
      const train::Clock clock;
      step(false);
      figures.push_back(part("the step whose operators follow", {1e3 * clock.seconds()}));
      for (Figure& figure : longest(times)) figures.push_back(std::move(figure));
    }
    figures.push_back(outside_kernels(image, plan, optimizer));
    return figures;
  }

 private:
  static constexpr double gib = 1024.0 * 1024 * 1024;

  static Figure part(const std::string& name, const std::vector<double>& milliseconds) {
    return {name, "ms", milliseconds, false, 0, ""};
  }

  std::vector<Figure> longest(const OperatorTimes& times) const {
    std::vector<OperatorTimes::Row> rows = times.longest_first();
    rows.resize(std::min(rows.size(), static_cast<std::size_t>(operators_)));
    std::vector<Figure> figures;
    for (const OperatorTimes::Row& row : rows) {
      figures.push_back(part(fmt::format("{}, {} times, on all threads", row.name, row.calls), {1e3 * row.seconds}));
    }
    return figures;
  }

  double peak_flops(const Request& request, const c10::Device& device) const {
    // Noise: zeros and ones toggle fewer wires, and go faster. Where bf16 is emulated, as the layers multiply it.
    const auto side = peak_side(device);
    const auto noise = [&](std::int64_t seed) {
      const at::Tensor values =
          at::randn({side, side}, train::make_generator(c10::kCPU, static_cast<std::uint64_t>(seed)));
      return values.to(device, precision_ == "bf16" && train::multiplies_bf16(device) ? at::kBFloat16 : at::kFloat);
    };
    const at::Tensor a = noise(1), b = noise(2);
    const auto multiply = [&](int times) {
      for (int i = 0; i < times; ++i) at::matmul(a, b);
      if (!device.is_cpu()) torch::cuda::synchronize();
    };
    int at_once = 1;
    if (!device.is_cpu()) {
      // A quarter of a second, about as long as some steps take: after some milliseconds a GPU draws all the power that
      // it may, and slows down; a single product is over before.
      multiply(1);
      const train::Clock clock;
      multiply(1);
      at_once = std::max(1, static_cast<int>(0.25 / clock.seconds()));
    }
    const std::vector<double> each = seconds_each(request, [&] { multiply(at_once); });
    return 2.0 * std::pow(static_cast<double>(side), 3) * at_once / *std::min_element(each.begin(), each.end());
  }

  // Large enough for the device to reach its rate, small enough to take no time.
  static std::int64_t peak_side(const c10::Device& device) { return device.is_cpu() ? 2048 : 8192; }

  void make_networks(const c10::Device& device) {
    model::VitShape shape = model::vit_shape(model_);
    shape.image_size = size_;
    model::DecoderShape decoder;
    decoder.encoder_dim = shape.dim;
    decoder.grid = shape.grid();
    decoder.patch_values = 3 * shape.patch_size * shape.patch_size;
    decoder.dim = decoder_dim_;
    decoder.depth = decoder_depth_;
    decoder.heads = std::max<std::int64_t>(1, decoder_dim_ / 32);
    shape_ = shape;
    networks_ = std::make_shared<Networks>();
    networks_->encoder = networks_->register_module("encoder", std::make_shared<model::Vit>(shape));
    networks_->decoder = networks_->register_module("decoder", std::make_shared<model::MaeDecoder>(decoder));
    model::initialise(*networks_, 1);
    networks_->to(device);
    networks_->segmentor = std::make_shared<model::UnextS>();
    model::initialise(*networks_->segmentor, 1);
    for (auto& parameter : networks_->segmentor->parameters()) parameter.requires_grad_(false);
    networks_->segmentor->eval();
    networks_->segmentor->to(device);
  }

  std::int64_t tokens() const { return shape_.grid() * shape_.grid(); }
  std::int64_t kept() const { return static_cast<std::int64_t>(static_cast<double>(tokens()) * (1.0 - ratio_)); }

  MaskPlan make_plan(const c10::Device& device) const {
    MaskPlan plan{at::full({batch_, tokens()}, MaskPlan::mask, at::TensorOptions().dtype(at::kChar).device(device)),
                  {}};
    plan.state.narrow(1, 0, kept()).fill_(MaskPlan::keep);
    plan.counts = {0, kept(), tokens() - kept()};
    return plan;
  }

  // Of encoder and decoder; a backward pass costs two forward ones. The segmentor's are not counted.
  double flops_per_image() const {
    const auto d = static_cast<double>(decoder_dim_), dim = static_cast<double>(shape_.dim);
    const auto values = static_cast<double>(3 * shape_.patch_size * shape_.patch_size);
    return 3 * (transformer_flops(1 + kept(), shape_.dim, shape_.depth) +
                transformer_flops(1 + tokens(), decoder_dim_, decoder_depth_) +
                2 * static_cast<double>(kept()) * (values * dim + dim * d) +
                2 * static_cast<double>(tokens()) * d * values);
  }

  at::Tensor loss_of(const at::Tensor& image, const MaskPlan& plan, const c10::Device& device) const {
    at::Tensor prediction, probability;
    {
      const train::Precision precision(precision_, device);
      const model::Recomputation recomputation(checkpointing_);
      prediction = model::reconstruct(*networks_->encoder, *networks_->decoder, image, plan).at("prediction");
      prediction = prediction.to(at::kFloat);
    }
    const at::Tensor loss = model::reconstruction_loss(prediction, image, plan, shape_.patch_size, true);
    if (!consistency_) return loss;
    {
      const at::NoGradGuard no_gradient;
      probability = at::sigmoid(networks_->segmentor->forward(image));
    }
    const at::Tensor seen = model::reconstruct_image(prediction, image, shape_.patch_size, true);
    return loss + model::consistency_loss(networks_->segmentor->forward(seen), probability);
  }

  // On one thread: with more, this one waits in places for those that it does not see.
  Figure outside_kernels(const at::Tensor& image, const MaskPlan& plan, train::AdamW& optimizer) const {
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const train::Clock clock;
    const OperatorTimes kernels;
    at::Tensor loss = loss_of(image, plan, c10::kCPU);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step(1e-4);
    const double whole = clock.seconds();
    at::set_num_threads(threads);
    return {"time outside kernels, one thread", "%", {100 * (whole - kernels.seconds()) / whole}, false, 0, ""};
  }

  std::string model_ = "vit_b", precision_ = "fp32", device_ = "cpu";
  std::int64_t size_ = 224, batch_ = 8, decoder_dim_ = 512, decoder_depth_ = 8, operators_ = 0;
  double ratio_ = 0.5;
  bool consistency_ = true, checkpointing_ = false;
  model::VitShape shape_;
  std::shared_ptr<Networks> networks_;
};

}  // namespace

std::unique_ptr<Bench> step() { return std::make_unique<StepBench>(); }

}  // namespace vaso::bench
