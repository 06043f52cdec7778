#include "data/labelled_loader.hpp"

#include "data/batch_queue.hpp"
#include "data/waiting_time.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace vaso::data {
namespace {

constexpr std::int64_t kLabelsPerPlane = 8;

std::string plane_name(std::int64_t plane) { return fmt::format("labels.{}", plane); }

constexpr std::int64_t kBoxValues = 5;        // left, top, right, bottom, label
constexpr std::int64_t kPlacementValues = 6;  // as in Placement

}  // namespace

std::vector<ExtraMap> label_planes(std::int64_t labels) {
  std::vector<ExtraMap> planes;
  for (std::int64_t plane = 0; plane * kLabelsPerPlane < labels; ++plane) {
    planes.push_back(
        {plane_name(plane), [plane](const Record& record) {
           if (!record.labels.defined()) {
             throw DataError({record.id.name, "has no mask", "this is a fault of the dataset plugin"});
           }
           return record.labels.bitwise_right_shift(plane * kLabelsPerPlane).bitwise_and(255).to(at::kByte);
         }});
  }
  return planes;
}

at::Tensor label_mask(const Pack& pack, std::int64_t index, std::int64_t label) {
  const Plane plane = pack.map(index, plane_name(label / kLabelsPerPlane));
  const auto bit = static_cast<std::uint8_t>(1U << (label % kLabelsPerPlane));
  at::Tensor mask = at::empty({plane.height, plane.width}, at::kByte);
  std::transform(plane.pixels, plane.pixels + plane.height * plane.width, mask.data_ptr<std::uint8_t>(),
                 [bit](std::uint8_t bits) { return static_cast<std::uint8_t>((bits & bit) != 0 ? 255 : 0); });
  return mask;
}

struct LabelledLoader::Impl {
  LabelledRequest request;
  std::int64_t most_boxes = 0;
  std::int64_t epoch = 0;
  std::vector<std::int64_t> order;
  WaitingTime waiting;
  BatchQueue queue;  // last: its threads use all of the above

  explicit Impl(LabelledRequest given)
      : request(std::move(given)),
        queue(std::max(request.workers, 0),
              {[this](std::int64_t batch) { return images_in(batch); },
               [this](std::int64_t batch) { return open(batch); },
               [this](const Bag& bag, std::int64_t batch, std::int64_t position) { fill(bag, batch, position); }}) {
    for (const std::int64_t record : request.records) {
      most_boxes = std::max(most_boxes, static_cast<std::int64_t>(request.pack->boxes(record).size()));
    }
  }

  std::int64_t size() const { return static_cast<std::int64_t>(request.records.size()); }

  std::int64_t batches() const {
    const std::int64_t samples = size();
    const bool drop = request.augment && samples >= request.batch_size;
    return drop ? samples / request.batch_size : (samples + request.batch_size - 1) / request.batch_size;
  }

  std::int64_t images_in(std::int64_t batch) const {
    return std::min(request.batch_size, size() - batch * request.batch_size);
  }

  void draw_order() {
    order = request.records;
    if (!request.augment) return;
    Philox random(random_key(request.seed, "labelled order", static_cast<std::uint64_t>(epoch)));
    for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  }

  Bag open(std::int64_t batch) const {
    const std::int64_t images = images_in(batch), side = request.side;
    Bag bag;
    bag["index"] = at::empty({images}, at::kLong);
    const auto floats = at::TensorOptions(at::kFloat).pinned_memory(request.pinned);
    bag["image"] = at::empty({images, 3, side, side}, floats);
    bag["placement"] = at::empty({images, kPlacementValues}, at::kDouble);
    if (request.masks) bag["masks"] = at::empty({images, request.labels, side, side}, floats);
    if (request.boxes) bag["boxes"] = at::full({images, most_boxes, kBoxValues}, -1.0, at::kFloat);
    return bag;
  }

  void fill(const Bag& bag, std::int64_t batch, std::int64_t position) const {
    const std::int64_t sample = order[static_cast<std::size_t>(batch * request.batch_size + position)];
    bag.at("index").data_ptr<std::int64_t>()[position] = sample;
    const Plane image = request.pack->image(sample);
    Placement placement = fitted(image.height, image.width, request.side);
    double gain = 1, offset = 0;
    if (request.augment) {
      Philox random(random_key(request.seed, "labelled view", static_cast<std::uint64_t>(epoch),
                               static_cast<std::uint64_t>(sample)));
      placement = draw_placement(random, request.placement, image.height, image.width, request.side);
      if (random.uniform() < 0.8) {
        gain = 1 + random.uniform(-request.contrast, request.contrast);
        offset = 255 * random.uniform(-request.brightness, request.brightness);
      }
    }
    const std::array<double, kPlacementValues> values = {placement.xx, placement.xy, placement.x0,
                                                         placement.yx, placement.yy, placement.y0};
    std::copy(values.begin(), values.end(), bag.at("placement").data_ptr<double>() + position * kPlacementValues);
    fill_image(bag, position, image, placement, gain, offset);
    if (request.masks) fill_masks(bag, position, sample, placement);
    if (request.boxes) fill_boxes(bag, position, sample, placement);
  }

  void fill_image(const Bag& bag, std::int64_t position, const Plane& image, const Placement& placement, double gain,
                  double offset) const {
    const std::int64_t area = request.side * request.side;
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(area));
    place_image(image, placement, request.side, pixels.data());
    float* to = bag.at("image").data_ptr<float>() + position * 3 * area;
    for (std::size_t c = 0; c < 3; ++c) {
      std::array<float, 256> value{};
      for (std::size_t grey = 0; grey < value.size(); ++grey) {
        const double changed = std::clamp(gain * static_cast<double>(grey) + offset, 0.0, 255.0);
        value[grey] = static_cast<float>((changed / 255.0 - request.mean[c]) / request.deviation[c]);
      }
      for (const std::uint8_t pixel : pixels) *to++ = value[pixel];
    }
  }

  void fill_masks(const Bag& bag, std::int64_t position, std::int64_t sample, const Placement& placement) const {
    const std::int64_t area = request.side * request.side;
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(area));
    float* to = bag.at("masks").data_ptr<float>() + position * request.labels * area;
    for (std::int64_t label = 0; label < request.labels; ++label) {
      if (label % kLabelsPerPlane == 0) {
        place_nearest(request.pack->map(sample, plane_name(label / kLabelsPerPlane)), placement, request.side,
                      bits.data());
      }
      const unsigned bit = 1U << (label % kLabelsPerPlane);
      for (const std::uint8_t pixel : bits) *to++ = (pixel & bit) != 0 ? 1.0F : 0.0F;
    }
  }

  void fill_boxes(const Bag& bag, std::int64_t position, std::int64_t sample, const Placement& placement) const {
    float* to = bag.at("boxes").data_ptr<float>() + position * most_boxes * kBoxValues;
    for (const Box& box : place_boxes(request.pack->boxes(sample), placement, request.side)) {
      for (const double value :
           {box.left, box.top, box.left + box.width, box.top + box.height, static_cast<double>(box.label)}) {
        *to++ = static_cast<float>(value);
      }
    }
  }
};

LabelledLoader::LabelledLoader(LabelledRequest request) {
  if (request.pack == nullptr) throw std::invalid_argument("the loader needs a pack");
  if (request.batch_size < 1 || request.side < 1) throw std::invalid_argument("batch size and side must be at least 1");
  if (request.mean.size() != 3 || request.deviation.size() != 3) {
    throw std::invalid_argument("mean and deviation need three values, one per channel");
  }
  impl_ = std::make_unique<Impl>(std::move(request));
}
LabelledLoader::~LabelledLoader() = default;

std::int64_t LabelledLoader::batches() const { return impl_->batches(); }

void LabelledLoader::begin(std::int64_t epoch, std::int64_t first_batch) {
  impl_->queue.begin(0, 0);  // workers rest before the order they read changes
  impl_->epoch = epoch;
  impl_->draw_order();
  impl_->waiting.restart();
  impl_->queue.begin(first_batch, batches());
}

bool LabelledLoader::next(LabelledImages& images) {
  const WaitingTime::Wait wait(impl_->waiting);
  Bag bag;
  const bool any = impl_->queue.next(bag);
  if (!any) return false;
  images = {};
  images.batch.image = bag.at("image");
  images.index = bag.at("index");
  if (impl_->request.masks) images.batch.masks = bag.at("masks");
  for (std::int64_t i = 0; i < images.index.size(0); ++i) {
    const double* p = bag.at("placement").data_ptr<double>() + i * kPlacementValues;
    images.placements.push_back({p[0], p[1], p[2], p[3], p[4], p[5]});
    if (!impl_->request.boxes) continue;
    const at::Tensor rows = bag.at("boxes")[i];
    const std::int64_t count = rows.select(1, 4).ge(0).sum().item<std::int64_t>();
    images.batch.boxes.push_back(rows.narrow(0, 0, count).narrow(1, 0, 4).contiguous());
    images.batch.labels.push_back(rows.narrow(0, 0, count).select(1, 4).to(at::kLong));
  }
  return true;
}

double LabelledLoader::waiting_share() const { return impl_->waiting.share(); }

}  // namespace vaso::data
