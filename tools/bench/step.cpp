// How fast one training step is, and what share of the machine's matrix product it reaches.
//
//   bench_step --model vit_ti --size 112 --decoder 128x2 --batch 64 --precision bf16 --threads 2
//   bench_step --model unext --size 224 --batch 8
//
// Start it with OMP_WAIT_POLICY=PASSIVE, as vaso starts its worker: with other work on the cores, threads that spin at
// the end of every loop make a step five times slower. Data are synthetic; nothing is read or written. Each figure is
// the median of --repeat steps after two warm-up steps.
#include "model/mae_decoder.hpp"
#include "model/mim_losses.hpp"
#include "model/unext.hpp"
#include "train/device.hpp"
#include "train/optimizer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <stdexcept>

namespace {

using namespace vaso;

struct Options {
  std::string model = "vit_ti", decoder = "128x2", precision = "fp32", device = "cpu";
  std::int64_t size = 224, batch = 32, threads = 2, repeat = 9;
  double ratio = 0.5;
  bool consistency = false;
};

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// A large product in the same precision: what the libraries under us can do at best.
double peak_gflops(const Options& options, const c10::Device& device) {
  const train::Precision precision(options.precision, device);
  const at::Tensor a = at::ones({2048, 2048}, device), b = at::ones({2048, 2048}, device);
  std::vector<double> rates;
  for (int i = 0; i < 5; ++i) {
    const double start = seconds();
    at::matmul(a, b).sum().item<float>();
    rates.push_back(2.0 * 2048 * 2048 * 2048 / (seconds() - start) / 1e9);
  }
  return *std::max_element(rates.begin(), rates.end());
}

// Multiplications and additions of a stack of transformer blocks on `tokens` tokens, forward.
double transformer_flops(std::int64_t tokens, std::int64_t dim, std::int64_t depth) {
  const auto t = static_cast<double>(tokens), d = static_cast<double>(dim);
  return static_cast<double>(depth) * (24 * t * d * d + 4 * t * t * d);
}

struct Workload {
  std::shared_ptr<torch::nn::Module> network;
  std::function<at::Tensor()> loss;
  double flops = 0;  // forward, of the whole batch; 0 = not counted
};

Workload segmentor(const Options& options, const c10::Device& device) {
  auto network = std::make_shared<model::UnextS>();
  model::initialise(*network, 1);
  network->to(device);
  network->train();
  const at::Tensor image = at::ones({options.batch, 3, options.size, options.size}, device);
  const at::Tensor target = at::zeros({options.batch, 1, options.size, options.size}, device);
  return {network, [=] { return model::consistency_loss(network->forward(image), target); }, 0};
}

Workload pretraining(const Options& options, const c10::Device& device) {
  struct Networks : torch::nn::Module {
    std::shared_ptr<model::Vit> encoder;
    std::shared_ptr<model::MaeDecoder> decoder;
    std::shared_ptr<model::UnextS> segmentor;
  };
  model::VitShape shape = model::vit_shape(options.model);
  shape.image_size = options.size;
  model::DecoderShape decoder;
  if (std::sscanf(options.decoder.c_str(), "%ldx%ld", &decoder.dim, &decoder.depth) != 2) {
    throw std::invalid_argument("--decoder takes WIDTHxDEPTH, such as 512x8");
  }
  decoder.encoder_dim = shape.dim;
  decoder.grid = shape.grid();
  decoder.patch_values = 3 * shape.patch_size * shape.patch_size;
  decoder.heads = std::max<std::int64_t>(1, decoder.dim / 32);

  auto networks = std::make_shared<Networks>();
  networks->encoder = networks->register_module("encoder", std::make_shared<model::Vit>(shape));
  networks->decoder = networks->register_module("decoder", std::make_shared<model::MaeDecoder>(decoder));
  model::initialise(*networks, 1);
  networks->to(device);
  networks->segmentor = std::make_shared<model::UnextS>();  // not registered: it is not trained
  model::initialise(*networks->segmentor, 1);
  for (auto& parameter : networks->segmentor->parameters()) parameter.requires_grad_(false);
  networks->segmentor->eval();
  networks->segmentor->to(device);

  const at::Tensor image =
      at::rand({options.batch, 3, options.size, options.size}, train::make_generator(c10::kCPU, 1)).to(device);
  const std::int64_t tokens = shape.grid() * shape.grid();
  const auto kept = static_cast<std::int64_t>(static_cast<double>(tokens) * (1.0 - options.ratio));
  MaskPlan plan{at::full({options.batch, tokens}, MaskPlan::mask, at::TensorOptions().dtype(at::kChar).device(device)),
                {}};
  plan.state.narrow(1, 0, kept).fill_(MaskPlan::keep);

  const auto d = static_cast<double>(decoder.dim), encoder_dim = static_cast<double>(shape.dim);
  const auto values = static_cast<double>(decoder.patch_values);
  const double flops = transformer_flops(1 + kept, shape.dim, shape.depth) +
                       transformer_flops(1 + tokens, decoder.dim, decoder.depth) +
                       2 * static_cast<double>(kept) * (values * encoder_dim + encoder_dim * d) +
                       2 * static_cast<double>(tokens) * d * values;
  const auto loss = [=] {
    const Bag outputs = model::reconstruct(*networks->encoder, *networks->decoder, image, plan);
    const at::Tensor& prediction = outputs.at("prediction");
    const at::Tensor reconstruction = model::reconstruction_loss(prediction, image, plan, shape.patch_size, true);
    if (!options.consistency) return reconstruction;
    at::Tensor probability;
    {
      at::NoGradGuard no_grad;
      probability = at::sigmoid(networks->segmentor->forward(image));
    }
    const at::Tensor seen = model::reconstruct_image(prediction, image, shape.patch_size, true);
    return reconstruction + model::consistency_loss(networks->segmentor->forward(seen), probability);
  };
  return {networks, loss, flops * static_cast<double>(options.batch)};
}

void measure(const Options& options) {
  const c10::Device device = train::choose_device(options.device);
  const std::string pools = train::set_threads(options.threads);
  const double peak = peak_gflops(options, device);
  const Workload work = options.model == "unext" ? segmentor(options, device) : pretraining(options, device);
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  for (const auto& item : work.network->named_parameters()) parameters.emplace_back(item.key(), item.value());
  train::AdamW optimizer(train::mae_groups(parameters), {});

  std::vector<double> forward, backward, update, whole;
  for (std::int64_t i = 0; i < options.repeat + 2; ++i) {
    const double start = seconds();
    at::Tensor loss;
    {
      const train::Precision precision(options.precision, device);
      loss = work.loss();
    }
    loss.item<float>();  // waits for a GPU
    const double after_forward = seconds();
    optimizer.zero_grad();
    loss.backward();
    optimizer.clip(1e9);  // returns a number: waits for a GPU
    const double after_backward = seconds();
    optimizer.step(1e-4);
    const double end = seconds();
    if (i < 2) continue;
    forward.push_back(after_forward - start);
    backward.push_back(after_backward - after_forward);
    update.push_back(end - after_backward);
    whole.push_back(end - start);
  }
  fmt::print("{} at {}, batch {}, {}, {} ({}), LibTorch {}\n", options.model, options.size, options.batch,
             options.precision, train::device_name(device), pools, train::libtorch_version());
  fmt::print("  forward {:.0f} ms, backward {:.0f} ms, optimizer {:.0f} ms, step {:.0f} ms: {:.1f} images/s\n",
             1e3 * median(forward), 1e3 * median(backward), 1e3 * median(update), 1e3 * median(whole),
             static_cast<double>(options.batch) / median(whole));
  if (work.flops > 0) {
    const double rate = 3 * work.flops / median(whole) / 1e9;  // a backward pass costs two forward ones
    fmt::print("  {:.2f} GFLOP per image and step; {:.0f} GFLOP/s of {:.0f} in a large matrix product ({:.0f} %)\n",
               3 * work.flops / static_cast<double>(options.batch) / 1e9, rate, peak, 100 * rate / peak);
  }
}

}  // namespace

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  Options o;
  po::options_description description("How fast one training step is");
  description.add_options()("help", "print this")("model", po::value(&o.model),
                                                  "vit_ti, vit_s, vit_b, vit_l, vit_h or unext")(
      "size", po::value(&o.size), "side of the image, pixels")("decoder", po::value(&o.decoder), "WIDTHxDEPTH")(
      "batch", po::value(&o.batch), "images per step")("ratio", po::value(&o.ratio), "share of patches masked")(
      "consistency", po::bool_switch(&o.consistency), "with the anatomical consistency loss")(
      "precision", po::value(&o.precision), "fp32 or bf16")("device", po::value(&o.device), "cpu, cuda or auto")(
      "threads", po::value(&o.threads), "0 = all cores")("repeat", po::value(&o.repeat), "steps to take the median of");
  try {
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, description), given);
    po::notify(given);
    if (given.count("help") != 0) {
      std::cout << description;
      return 0;
    }
    measure(o);
  } catch (const std::exception& error) {
    std::cerr << "bench_step: " << error.what() << "\n";
    return 2;
  }
  return 0;
}
