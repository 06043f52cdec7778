#include "data/loader.hpp"

#include "data/batch_queue.hpp"
#include "data/crop.hpp"

#include "vision/resample.hpp"

#include <ATen/ops/empty.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <stdexcept>

namespace vaso::data {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Copies 8-bit rows through a table of floats, mirrored where asked for.
void copy_row(const std::uint8_t* from, std::int64_t count, bool flip, const std::array<float, 256>& table, float* to) {
  if (flip) {
    for (std::int64_t x = 0; x < count; ++x) to[x] = table[from[count - 1 - x]];
  } else {
    for (std::int64_t x = 0; x < count; ++x) to[x] = table[from[x]];
  }
}

void copy_plane(const std::vector<std::uint8_t>& from, std::int64_t side, bool flip,
                const std::array<float, 256>& table, float* to) {
  for (std::int64_t y = 0; y < side; ++y)
    copy_row(&from[static_cast<std::size_t>(y * side)], side, flip, table, to + y * side);
}

vision::Window cut(const Plane& plane, const Crop& crop) {
  return {plane.pixels + crop.top * plane.width + crop.left, plane.width, crop.height, crop.width};
}

void check(const LoaderRequest& request) {
  if (request.pack == nullptr) throw std::invalid_argument("the loader needs a pack");
  if (request.views.empty()) throw std::invalid_argument("the loader needs a view");
  if (request.batch_size < 1) throw std::invalid_argument("the batch size must be at least 1");
  if (request.mean.size() != 3 || request.deviation.size() != 3) {
    throw std::invalid_argument("mean and deviation need three values, one per channel");
  }
  for (const ViewSpec& view : request.views) {
    if (view.size < 1) throw std::invalid_argument("view `" + view.name + "` has no size");
  }
  const std::vector<std::string> stored = request.pack->maps();
  for (const std::string& map : request.maps) {
    if (std::find(stored.begin(), stored.end(), map) == stored.end()) {
      throw std::out_of_range("the pack has no map `" + map + "`");
    }
  }
}

}  // namespace

struct Loader::Impl {
  LoaderRequest request;
  std::vector<std::string> prefixes;                // of the names of each view's tensors
  std::array<std::array<float, 256>, 3> normalise;  // grey value to each channel
  std::array<float, 256> share;                     // grey value to [0,1]
  std::int64_t epoch = 0;
  std::vector<std::int64_t> order;  // of the samples in this epoch
  Clock::time_point began = Clock::now();
  double waited = 0;  // seconds
  BatchQueue queue;   // last: its threads use all of the above

  explicit Impl(LoaderRequest given)
      : request(std::move(given)),
        queue(std::max(request.workers, 0),
              {[this](std::int64_t batch) { return images_in(batch); },
               [this](std::int64_t batch) { return open(batch); },
               [this](const Bag& bag, std::int64_t batch, std::int64_t position) { fill(bag, batch, position); }}) {
    for (std::size_t v = 0; v < request.views.size(); ++v)
      prefixes.push_back(v == 0 ? "" : request.views[v].name + "/");
    for (std::size_t value = 0; value < 256; ++value) {
      share[value] = static_cast<float>(value) / 255.0f;
      for (std::size_t c = 0; c < 3; ++c) {
        normalise[c][value] =
            static_cast<float>((static_cast<double>(value) / 255.0 - request.mean[c]) / request.deviation[c]);
      }
    }
  }

  std::int64_t batches() const {
    const std::int64_t samples = request.pack->size();
    const bool drop = request.augment && request.drop_last && samples >= request.batch_size;
    return drop ? samples / request.batch_size : (samples + request.batch_size - 1) / request.batch_size;
  }

  std::int64_t images_in(std::int64_t batch) const {
    return std::min(request.batch_size, request.pack->size() - batch * request.batch_size);
  }

  void draw_order() {
    order.resize(static_cast<std::size_t>(request.pack->size()));
    std::iota(order.begin(), order.end(), 0);
    if (!request.augment) return;
    Philox random(random_key(request.seed, "order", static_cast<std::uint64_t>(epoch)));
    for (std::size_t left = order.size(); left > 1; --left)
      std::swap(order[left - 1], order[random.below(left)]);  // Fisher–Yates
  }

  Bag open(std::int64_t batch) const {
    const std::int64_t images = images_in(batch);
    Bag bag;
    bag["index"] = at::empty({images}, at::kLong);
    for (std::size_t v = 0; v < request.views.size(); ++v) {
      const std::int64_t side = request.views[v].size;
      bag[prefixes[v] + "image"] = at::empty({images, 3, side, side}, at::kFloat);
      bag[prefixes[v] + "crop"] = at::empty({images, 5}, at::kFloat);
      for (const std::string& map : request.maps)
        bag[prefixes[v] + map] = at::empty({images, 1, side, side}, at::kFloat);
    }
    return bag;
  }

  void fill(const Bag& bag, std::int64_t batch, std::int64_t position) const {
    const std::int64_t sample = order[static_cast<std::size_t>(batch * request.batch_size + position)];
    bag.at("index").data_ptr<std::int64_t>()[position] = sample;
    for (std::size_t v = 0; v < request.views.size(); ++v) fill_view(bag, v, sample, position);
  }

  void fill_view(const Bag& bag, std::size_t v, std::int64_t sample, std::int64_t position) const {
    const ViewSpec& view = request.views[v];
    const Plane image = request.pack->image(sample);
    Crop crop{0, 0, image.height, image.width, false};
    if (request.augment) {
      Philox random(
          random_key(request.seed, "view", static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(sample), v));
      crop = draw_crop(random, view, image.height, image.width);
    }
    const std::int64_t area = view.size * view.size;
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(area));
    vision::resize_bicubic(cut(image, crop), view.size, view.size, pixels.data());
    float* channels = bag.at(prefixes[v] + "image").data_ptr<float>() + position * 3 * area;
    for (std::size_t c = 0; c < 3; ++c) {
      copy_plane(pixels, view.size, crop.flip, normalise[c], channels + static_cast<std::int64_t>(c) * area);
    }
    for (const std::string& name : request.maps) {
      vision::resize_nearest(cut(request.pack->map(sample, name), crop), view.size, view.size, pixels.data());
      copy_plane(pixels, view.size, crop.flip, share, bag.at(prefixes[v] + name).data_ptr<float>() + position * area);
    }
    const auto height = static_cast<float>(image.height);
    const auto width = static_cast<float>(image.width);
    const std::array<float, 5> box{static_cast<float>(crop.top) / height, static_cast<float>(crop.left) / width,
                                   static_cast<float>(crop.height) / height, static_cast<float>(crop.width) / width,
                                   crop.flip ? 1.0f : 0.0f};
    std::copy(box.begin(), box.end(), bag.at(prefixes[v] + "crop").data_ptr<float>() + position * 5);
  }
};

Loader::Loader(LoaderRequest request) {
  check(request);
  impl_ = std::make_unique<Impl>(std::move(request));
}
Loader::~Loader() = default;

std::int64_t Loader::batches() const { return impl_->batches(); }

std::int64_t Loader::images() const {
  return std::min(batches() * impl_->request.batch_size, impl_->request.pack->size());
}

void Loader::begin(std::int64_t epoch, std::int64_t first_batch) {
  impl_->queue.begin(0, 0);  // workers rest before the order they read changes
  impl_->epoch = epoch;
  impl_->draw_order();
  impl_->began = Clock::now();
  impl_->waited = 0;
  impl_->queue.begin(first_batch, batches());
}

bool Loader::next(Bag& batch) {
  const Clock::time_point start = Clock::now();
  const bool any = impl_->queue.next(batch);
  impl_->waited += seconds_since(start);
  return any;
}

double Loader::waiting_share() const {
  const double elapsed = seconds_since(impl_->began);
  return elapsed > 0 ? impl_->waited / elapsed : 0;
}

}  // namespace vaso::data
