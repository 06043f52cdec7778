// bench_loader [SIDE] [IMAGES] [BATCH]: images per second that the loader crops, resizes to 224 and normalises, by
// workers.
#include "frames.hpp"

#include "data/loader.hpp"

#include "vision/planes.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <chrono>
#include <filesystem>
#include <string>

namespace {

using namespace vaso;

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
    const at::Tensor image = vision::to_tensor(bench::frame(side_, static_cast<std::uint64_t>(index)));
    return {id(index), image, {{"filter", image.lt(128).to(at::kByte).mul(255)}}};
  }

 private:
  std::int64_t side_, count_;
};

}  // namespace

int main(int count, char** words) {
  const std::int64_t side = count > 1 ? std::stoll(words[1]) : 512;
  const std::int64_t images = count > 2 ? std::stoll(words[2]) : 512;
  const std::int64_t batch = count > 3 ? std::stoll(words[3]) : 64;
  const auto file = std::filesystem::temp_directory_path() / fmt::format("bench-loader-{}.pack", ::getpid());
  const Frames dataset(side, images);
  data::PackRequest packing;
  packing.dataset = &dataset;
  data::write_pack(file, packing);
  const data::Pack pack(file);
  std::filesystem::remove(file);  // the mapping keeps it alive

  data::LoaderRequest request;
  request.pack = &pack;
  request.views = {ViewSpec{}};
  request.views[0].size = 224;
  request.maps = {"filter"};
  request.mean = {0.485, 0.456, 0.406};
  request.deviation = {0.229, 0.224, 0.225};
  request.batch_size = batch;
  fmt::print("{} frames of {}×{}, batches of {}\nworkers  images/s\n", images, side, side, batch);
  for (const int workers : {0, 1, 2, 4}) {
    request.workers = workers;
    data::Loader loader(request);
    const auto start = std::chrono::steady_clock::now();
    loader.begin(0);
    for (Bag bag; loader.next(bag);) {
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("{:>7}{:>10.0f}\n", workers, static_cast<double>(loader.images()) / seconds);
  }
}
