#include "checks.hpp"

#include "sdk/dataset.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>

namespace vaso::contract {
namespace {

bool same(const Record& a, const Record& b) {
  return a.id.name == b.id.name && contract::same(a.image, b.image) && contract::same(Bag(a.maps), Bag(b.maps)) &&
         contract::same(a.labels, b.labels) && a.boxes.size() == b.boxes.size();
}

}  // namespace

void check_dataset(const Subject& subject, Report& report) {
  const auto dataset = subject.make<Dataset>();
  const std::int64_t size = dataset->size();
  report.check(size > 0, "there is a record");
  std::set<std::string> names;
  for (std::int64_t index = 0; index < size; ++index) {
    const RecordId id = dataset->id(index);
    if (!names.insert(id.source + "\n" + id.name).second)
      report.fail(fmt::format("two records are called `{}`", id.name));
  }
  for (const std::int64_t index : {std::int64_t{0}, size / 2, size - 1}) {
    report.doing(fmt::format("record({})", index));
    const Record record = dataset->record(index);
    report.check(record.id.name == dataset->id(index).name, "a record has the name that id() gives it");
    report.check(record.image.dim() == 2 && record.image.scalar_type() == at::kByte, "an image is H×W uint8");
    const std::vector<std::string> maps = dataset->maps();
    report.check(record.maps.size() == maps.size(), "a record carries the maps that maps() names, and no others");
    for (const std::string& name : maps) {
      const auto found = record.maps.find(name);
      report.check(found != record.maps.end() && found->second.scalar_type() == at::kByte &&
                       found->second.sizes() == record.image.sizes(),
                   fmt::format("the map `{}` is as large as its image", name));
    }
    const bool masks = record.labels.defined();
    report.check(masks == dataset->has_masks(), "a record has labels where has_masks() says so");
    if (masks) {
      report.check(record.labels.scalar_type() == at::kInt && record.labels.sizes() == record.image.sizes(),
                   "labels are H×W int32");
      const auto classes = static_cast<std::int64_t>(dataset->labels().size());
      report.check(record.labels.bitwise_right_shift(classes).eq(0).all().item<bool>(), "each bit has a label");
    }
    for (const Box& box : record.boxes) {
      report.check(dataset->has_boxes() && box.width > 0 && box.height > 0 && box.area > 0 && box.label >= 0 &&
                       box.label < static_cast<std::int64_t>(dataset->labels().size()),
                   "boxes have an area and a label");
    }
    auto first = std::async(std::launch::async, [&] { return dataset->record(index); });
    auto second = std::async(std::launch::async, [&] { return dataset->record(index); });
    report.check(same(first.get(), record) && same(second.get(), record), "every thread reads the same record");
  }
}

}  // namespace vaso::contract
