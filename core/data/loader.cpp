#include "data/loader.hpp"

#include "cuda/device.hpp"
#include "data/batch_queue.hpp"
#include "data/crop.hpp"
#include "data/grey_tables.hpp"
#include "data/staged_views.hpp"
#include "data/waiting_time.hpp"

#include "vision/resample.hpp"

#include <ATen/ops/empty.h>
#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <stdexcept>

namespace vaso::data {
namespace {

// Writes a plane of bytes to `Channels` planes of floats, each through a table of its own, mirrored where asked for.
template <std::size_t Channels>
void look_up(const std::uint8_t* from, std::int64_t side, bool flip, const std::array<GreyTable, Channels>& tables,
             float* to) {
  const std::int64_t area = side * side, step = flip ? -1 : 1;
  for (std::int64_t y = 0; y < side; ++y) {
    const std::uint8_t* row = from + y * side + (flip ? side - 1 : 0);
    for (std::int64_t x = 0; x < side; ++x) {
      const std::uint8_t grey = row[x * step];
      for (std::size_t c = 0; c < Channels; ++c) to[static_cast<std::int64_t>(c) * area + x] = tables[c][grey];
    }
    to += side;
  }
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
  std::vector<std::string> prefixes;   // of the names of each view's tensors
  std::array<GreyTable, 3> normalise;  // to each channel
  std::array<GreyTable, 1> share;      // to [0,1]
  std::optional<StagedViews> staged;   // where views are made on a GPU
  std::int64_t epoch = 0;
  std::vector<std::int64_t> order;  // of the samples in this epoch
  WaitingTime waiting;
  BatchQueue queue;  // last: its threads use all of the above

  explicit Impl(LoaderRequest given)
      : request(std::move(given)),
        normalise(normalised_levels(request.mean, request.deviation)),
        share{shares()},
        queue(std::max(request.workers, 0),
              {[this](std::int64_t batch) { return images_in(batch); },
               [this](std::int64_t batch) { return open(batch); },
               [this](const Bag& bag, std::int64_t batch, std::int64_t position) { fill(bag, batch, position); }}) {
    for (std::size_t v = 0; v < request.views.size(); ++v)
      prefixes.push_back(v == 0 ? "" : request.views[v].name + "/");
    if (request.kernel_twins || (request.device.is_cuda() && cuda::available()))
      staged.emplace(request, request.device);
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

  std::int64_t sample_at(std::int64_t batch, std::int64_t position) const {
    return order[static_cast<std::size_t>(batch * request.batch_size + position)];
  }

  Crop crop_of(std::int64_t sample, std::size_t v) const {
    const Plane image = request.pack->image(sample);
    if (!request.augment) return {0, 0, image.height, image.width, false};
    Philox random(
        random_key(request.seed, "view", static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(sample), v));
    return draw_crop(random, request.views[v], image.height, image.width);
  }

  // By view.
  std::vector<Cutting> cuttings(std::int64_t sample) const {
    std::vector<Cutting> all;
    for (std::size_t v = 0; v < request.views.size(); ++v) all.push_back({sample, crop_of(sample, v)});
    return all;
  }

  // Pinned where a copy to a GPU follows: only then does it not wait.
  at::Tensor room(at::IntArrayRef sizes, at::ScalarType type) const {
    return at::empty(sizes, at::TensorOptions(type).pinned_memory(request.device.is_cuda()));
  }

  Bag open(std::int64_t batch) const {
    const std::int64_t images = images_in(batch);
    Bag bag;
    if (staged) {
      std::vector<std::vector<Cutting>> by_view(request.views.size());
      for (std::int64_t i = 0; i < images; ++i) {
        const std::vector<Cutting> all = cuttings(sample_at(batch, i));
        for (std::size_t v = 0; v < all.size(); ++v) by_view[v].push_back(all[v]);
      }
      bag = staged->open(by_view);
    }
    bag["index"] = room({images}, at::kLong);
    for (std::size_t v = 0; v < request.views.size(); ++v) {
      const std::int64_t side = request.views[v].size;
      bag[prefixes[v] + "crop"] = room({images, 5}, at::kFloat);
      if (staged) continue;
      bag[prefixes[v] + "image"] = room({images, 3, side, side}, at::kFloat);
      for (const std::string& map : request.maps) bag[prefixes[v] + map] = room({images, 1, side, side}, at::kFloat);
    }
    return bag;
  }

  void fill(const Bag& bag, std::int64_t batch, std::int64_t position) const {
    const std::int64_t sample = sample_at(batch, position);
    bag.at("index").data_ptr<std::int64_t>()[position] = sample;
    const std::vector<Cutting> all = cuttings(sample);
    if (staged) staged->fill(bag, position, all);
    for (std::size_t v = 0; v < all.size(); ++v) {
      fill_crop(bag.at(prefixes[v] + "crop"), sample, position, all[v].crop);
      if (!staged) fill_view(bag, v, sample, position, all[v].crop);
    }
  }

  // On the device where it is wanted.
  Bag sent(const Bag& batch) const {
    Bag views;
    if (staged) views = staged->finish(batch);
    for (const auto& [name, tensor] : batch) {
      if (staged && StagedViews::owns(name)) continue;
      views[name] = tensor.to(request.device, /*non_blocking=*/true);
    }
    return views;
  }

  void fill_crop(const at::Tensor& crops, std::int64_t sample, std::int64_t position, const Crop& crop) const {
    const Plane image = request.pack->image(sample);
    const auto height = static_cast<float>(image.height);
    const auto width = static_cast<float>(image.width);
    const std::array<float, 5> box{static_cast<float>(crop.top) / height, static_cast<float>(crop.left) / width,
                                   static_cast<float>(crop.height) / height, static_cast<float>(crop.width) / width,
                                   crop.flip ? 1.0f : 0.0f};
    std::copy(box.begin(), box.end(), crops.data_ptr<float>() + position * 5);
  }

  void fill_view(const Bag& bag, std::size_t v, std::int64_t sample, std::int64_t position, const Crop& crop) const {
    const ViewSpec& view = request.views[v];
    const Plane image = request.pack->image(sample);
    const std::int64_t area = view.size * view.size;
    thread_local std::vector<std::uint8_t> pixels;  // one allocation a thread, not one an image
    pixels.resize(static_cast<std::size_t>(area));
    vision::resize_bicubic(cut(image, crop), view.size, view.size, pixels.data());
    float* channels = bag.at(prefixes[v] + "image").data_ptr<float>() + position * 3 * area;
    look_up(pixels.data(), view.size, crop.flip, normalise, channels);
    for (const std::string& name : request.maps) {
      vision::resize_nearest(cut(request.pack->map(sample, name), crop), view.size, view.size, pixels.data());
      look_up(pixels.data(), view.size, crop.flip, share,
              bag.at(prefixes[v] + name).data_ptr<float>() + position * area);
    }
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
  impl_->waiting.restart();
  impl_->queue.begin(first_batch, batches());
}

bool Loader::next(Bag& batch) {
  const WaitingTime::Wait wait(impl_->waiting);
  const bool any = impl_->queue.next(batch);
  if (any) batch = impl_->sent(batch);
  return any;
}

double Loader::waiting_share() const { return impl_->waiting.share(); }

}  // namespace vaso::data
