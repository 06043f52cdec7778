#include "contract/checks.hpp"
#include "contract/parameters.hpp"
#include "contract/scene.hpp"
#include "contract/tensors.hpp"

#include "sdk/dataset.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <set>
#include <variant>

namespace vaso::contract {
namespace {

namespace fs = std::filesystem;

class EmptyFolder {
 public:
  EmptyFolder() : path_(fs::temp_directory_path() / fmt::format("vaso-empty-{}", ::getpid())) {
    fs::create_directories(path_);
  }
  ~EmptyFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

// Where files belong there are none: that must be said, with the folder's name.
void check_missing_files(const Subject& subject, Report& report) {
  const Parameters described = subject.parameters();
  bool reads_files = false;
  for (const Field& field : described.schema.fields()) {
    if (!field.path) continue;
    reads_files = true;
    const EmptyFolder folder;
    const Parameters parameters = subject.parameters();
    const Field& target = *field_named(parameters.schema, field.name);
    if (auto* const* one = std::get_if<std::string*>(&target.slot)) **one = folder.path();
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&target.slot)) **list = {folder.path()};
    report.doing(fmt::format("`{}` is an empty folder", field.name));
    try {
      const auto dataset = subject.make<Dataset>(parameters, small_shape());
      report.expect(dataset->size() == 0 || !dataset->faults().empty(),
                    "a folder without files gives an error, or no record",
                    fmt::format("it gives {} records and no fault", dataset->size()));
    } catch (const ParameterError& refusal) {  // the host adds the line that set it
      report.expect(field_named(parameters.schema, refusal.field()) != nullptr, "a ParameterError names a parameter",
                    "`" + refusal.field() + "`");
    } catch (const std::exception& error) {
      report.expect(std::string(error.what()).find(folder.path()) != std::string::npos,
                    "the error names the folder that lacks files", words_of(error));
    }
  }
  if (!reads_files) report.skip("it reads no files");
}

bool same(const Record& a, const Record& b) {
  const auto boxes_alike = [](const Box& x, const Box& y) {
    return x.left == y.left && x.top == y.top && x.width == y.width && x.height == y.height && x.label == y.label &&
           x.area == y.area && x.crowd == y.crowd;
  };
  return a.id.name == b.id.name && contract::same(a.image, b.image) && contract::same(Bag(a.maps), Bag(b.maps)) &&
         contract::same(a.labels, b.labels) &&
         std::equal(a.boxes.begin(), a.boxes.end(), b.boxes.begin(), b.boxes.end(), boxes_alike);
}

// The first, the middle, the last, and some between.
std::set<std::int64_t> looked_at(std::int64_t size) {
  return {0, size / 5, size / 3, size / 2, 2 * size / 3, size - 1};
}

void check_ids(const Subject& subject, Report& report) {
  const auto dataset = subject.make<Dataset>(small_shape());
  const std::int64_t size = dataset->size();
  report.expect(size > 0, "there is a record", "size() is 0");
  std::set<std::string> names;
  for (std::int64_t index = 0; index < size; ++index) {
    const RecordId id = dataset->id(index);
    report.expect(!id.name.empty() && names.insert(id.source + "\n" + id.name).second,
                  "every record has a name of its own", fmt::format("two are called `{}`", id.name));
    report.expect(id.split.empty() || id.split == "train" || id.split == "val" || id.split == "test",
                  "a split is train, val or test", "`" + id.split + "`");
  }
  report.expect(dataset->labels().size() <= 31, "there are at most 31 labels",
                fmt::format("there are {}", dataset->labels().size()));
  report.note(fmt::format("{} records", size));
}

void expect_record(const Dataset& dataset, const Record& record, std::int64_t index, Report& report) {
  report.expect(record.id.name == dataset.id(index).name, "a record has the name that id() gives it",
                fmt::format("`{}` against `{}`", record.id.name, dataset.id(index).name));
  report.expect(record.image.dim() == 2 && record.image.scalar_type() == at::kByte, "an image is height × width, uint8",
                text_of(record.image));
  const std::vector<std::string> maps = dataset.maps();
  report.expect(record.maps.size() == maps.size(), "a record carries the maps that maps() names, and no others",
                fmt::format("{} against {}", record.maps.size(), maps.size()));
  for (const std::string& name : maps) {
    const auto found = record.maps.find(name);
    report.expect(found != record.maps.end() && found->second.scalar_type() == at::kByte &&
                      found->second.sizes() == record.image.sizes(),
                  "a map is as large as its image, uint8",
                  fmt::format("`{}`: {}", name, found == record.maps.end() ? "missing" : text_of(found->second)));
  }
  const auto classes = static_cast<std::int64_t>(dataset.labels().size());
  const bool masks = record.labels.defined();
  report.expect(masks == dataset.has_masks(), "a record has labels where has_masks() says so");
  if (masks) {
    report.expect(record.labels.scalar_type() == at::kInt && record.labels.sizes() == record.image.sizes(),
                  "labels are height × width, int32", text_of(record.labels));
    report.expect(record.labels.bitwise_right_shift(classes).eq(0).all().item<bool>(), "each bit has a label",
                  fmt::format("there are {} labels", classes));
  }
  for (const Box& box : record.boxes)
    report.expect(
        dataset.has_boxes() && box.width > 0 && box.height > 0 && box.area > 0 && box.label >= 0 && box.label < classes,
        "boxes have width, height, area and a label, where has_boxes() says so",
        fmt::format("{}×{}, area {}, label {}", box.width, box.height, box.area, box.label));
}

void check_records(const Subject& subject, Report& report) {
  const auto dataset = subject.make<Dataset>(small_shape());
  for (const Fault& fault : dataset->faults()) report.fail("the data are whole", fault.where + " " + fault.what);
  for (const std::int64_t index : looked_at(dataset->size())) {
    report.doing(fmt::format("record({})", index));
    expect_record(*dataset, dataset->record(index), index, report);
  }
}

void check_threads(const Subject& subject, Report& report) {
  const auto dataset = subject.make<Dataset>(small_shape()), twin = subject.make<Dataset>(small_shape());
  for (const std::int64_t index : looked_at(dataset->size())) {
    report.doing(fmt::format("record({})", index));
    const Record record = dataset->record(index);
    report.expect(same(twin->record(index), record), "equal parameters give equal records");
    report.doing(fmt::format("record({}), in two threads", index));
    auto first = std::async(std::launch::async, [&] { return dataset->record(index); });
    auto second = std::async(std::launch::async, [&] { return dataset->record(index); });
    report.expect(same(first.get(), record) && same(second.get(), record), "every thread reads the same record");
  }
}

}  // namespace

std::vector<Check> dataset_file_checks() {
  return {{"missing files",
           "Throw DataError({folder, what is missing, what to do}) where a folder does not hold what is looked for.",
           check_missing_files}};
}

std::vector<Check> dataset_checks() {
  return {
      {"names", "Name records by something unique in the data set: a path relative to its source.", check_ids},
      {"records", "See sdk/dataset.hpp for types and sizes; throw DataError where a file does not hold them.",
       check_records},
      {"same records in every thread",
       "Let record() depend on parameters and index alone, and write to nothing that threads share.", check_threads}};
}

}  // namespace vaso::contract
