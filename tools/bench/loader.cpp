// The loader of pre-training: crops, resizes, flips and normalises images and one map from a pack of generated frames.
#include "bench.hpp"
#include "frames.hpp"

#include "data/loader.hpp"
#include "vision/planes.hpp"

#include "sdk/objective.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>

namespace vaso::bench {
namespace {

class Frames final : public Dataset {
 public:
  Frames(std::int64_t side, std::int64_t count) : side_(side), count_(count) {}
  std::int64_t size() const override { return count_; }
  RecordId id(std::int64_t index) const override {
    RecordId id;
    id.name = std::to_string(index);
    return id;
  }
  std::vector<std::string> maps() const override { return {"filter"}; }
  Record record(std::int64_t index) const override {
    Record record;
    record.id = id(index);
    record.image = vision::to_tensor(frame(side_, static_cast<std::uint64_t>(index)));
    record.maps["filter"] = record.image.lt(128).to(at::kByte).mul(255);
    return record;
  }

 private:
  std::int64_t side_, count_;
};

data::Pack pack_of(const Frames& frames) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("vaso-bench-{}.pack", ::getpid());
  data::PackRequest packing;
  packing.dataset = &frames;
  data::write_pack(file, packing);
  data::Pack pack(file);
  std::filesystem::remove(file);  // the mapping keeps it alive
  return pack;
}

class LoaderBench final : public Bench {
 public:
  void describe(Schema& s) override {
    s.field(side_, "side", "of the square images in the pack").range(16, 4096).unit("px");
    s.field(images_, "images", "in the pack").range(1, 100000);
    s.field(batch_, "batch", "images per batch").range(1, 4096);
    s.field(size_, "size", "of the view that is made").range(16, 1024).unit("px");
  }

  std::vector<Figure> measure(const Request& request) override {
    request.stage(fmt::format("packing {} frames of {}×{}", images_, side_, side_));
    const data::Pack pack = pack_of(Frames(side_, images_));
    data::LoaderRequest loading;
    loading.pack = &pack;
    loading.views = {ViewSpec{}};
    loading.views[0].size = size_;
    loading.maps = {"filter"};
    loading.mean = {0.485, 0.456, 0.406};
    loading.deviation = {0.229, 0.224, 0.225};
    loading.batch_size = batch_;
    std::vector<Figure> figures;
    const double writing = writing_rate(request);
    for (const int workers : {0, request.threads}) {
      if (workers == 0) {
        request.stage("loading in the calling thread");
      } else {
        request.stage(fmt::format("loading by {} threads", workers));
      }
      loading.workers = workers;
      data::Loader loader(loading);
      std::int64_t epoch = 0;
      const auto seconds = seconds_each(request, [&] {
        loader.begin(epoch++);
        for (Bag bag; loader.next(bag);) {
        }
      });
      Figure figure{workers == 0 ? "in the calling thread" : fmt::format("by {} worker threads", workers),
                    "images/s",
                    {},
                    true,
                    writing * std::max(workers, 1),
                    "writing the batch's floats"};
      for (const double each : seconds) figure.values.push_back(static_cast<double>(loader.images()) / each);
      figures.push_back(std::move(figure));
    }
    return figures;
  }

 private:
  // Images per second and thread if nothing were done but to fill the tensors: three channels and one map.
  double writing_rate(const Request& request) const {
    const std::int64_t images = std::min(images_, batch_);
    const auto seconds = seconds_each(request, [&] {
      at::Tensor batch = at::empty({images, 4, size_, size_}, at::kFloat);
      batch.fill_(0.5);
    });
    return static_cast<double>(images) / *std::min_element(seconds.begin(), seconds.end()) / request.threads;
  }

  std::int64_t side_ = 512, images_ = 512, batch_ = 64, size_ = 224;
};

}  // namespace

std::unique_ptr<Bench> loader() { return std::make_unique<LoaderBench>(); }

}  // namespace vaso::bench
