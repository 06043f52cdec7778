#include "train/predict.hpp"

#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace vaso::train {
namespace {

namespace fs = std::filesystem;

struct File {
  fs::path path;
  std::string name;
};

// Image files, and the records of other data sets behind them.
class NamedImages final : public Dataset {
 public:
  NamedImages(std::vector<File> files, std::shared_ptr<Dataset> rest)
      : files_(std::move(files)), rest_(std::move(rest)) {}

  std::int64_t size() const override { return own() + (rest_ ? rest_->size() : 0); }

  RecordId id(std::int64_t index) const override {
    if (index >= own()) return rest_->id(index - own());
    const File& file = files_.at(static_cast<std::size_t>(index));
    RecordId id;
    id.name = file.name;
    id.files = {fs::absolute(file.path).string()};
    return id;
  }

  Record record(std::int64_t index) const override {
    if (index >= own()) return rest_->record(index - own());
    Record record;
    record.id = id(index);
    record.image = vision::to_tensor(vision::read_grey(files_.at(static_cast<std::size_t>(index)).path));
    return record;
  }

 private:
  std::int64_t own() const { return static_cast<std::int64_t>(files_.size()); }

  std::vector<File> files_;
  std::shared_ptr<Dataset> rest_;  // null where there is none
};

std::vector<File> images_below(const fs::path& folder) {
  std::vector<File> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename().string().starts_with(".")) continue;
    if (!vision::has_image_extension(entry.path())) continue;
    files.push_back({entry.path(), entry.path().lexically_relative(folder).generic_string()});
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.name < b.name; });
  return files;
}

std::shared_ptr<Dataset> dicom(const std::vector<std::string>& roots, PluginHost& host) {
  if (roots.empty()) return nullptr;
  const LoadedComponent& component = host.component("dataset.dicom");
  const Parameters parameters = component.entry.parameters();
  for (const Field& field : parameters.schema.fields()) {
    if (field.name == "root") **std::get_if<std::vector<std::string>*>(&field.slot) = roots;
  }
  return std::static_pointer_cast<Dataset>(component.entry.create(parameters, RunShape{}));
}

}  // namespace

std::shared_ptr<Dataset> named_images(const std::vector<fs::path>& inputs, PluginHost& host) {
  std::vector<File> files;
  std::vector<std::string> others;
  for (const fs::path& input : inputs) {
    if (fs::is_directory(input)) {
      const std::vector<File> found = images_below(input);
      if (found.empty()) others.push_back(fs::absolute(input).string());
      files.insert(files.end(), found.begin(), found.end());
    } else if (!fs::exists(input)) {
      throw DataError({input, "does not exist", "name image files, DICOM files, or folders of them"});
    } else if (vision::has_image_extension(input)) {
      files.push_back({input, input.filename().string()});
    } else {
      others.push_back(fs::absolute(input).string());
    }
  }
  std::set<std::string> stems;  // answers are called as their images, but for the extension
  for (const File& file : files) {
    if (!stems.insert(fs::path(file.name).replace_extension("").generic_string()).second) {
      throw DataError({file.path, "has the name of another image, and their answers would overwrite each other",
                       "predict them one after the other, with another --out"});
    }
  }
  auto images = std::make_shared<NamedImages>(std::move(files), dicom(others, host));
  if (images->size() == 0) {
    throw DataError({inputs.front(), "holds no image",
                     "images end in .png .jpg .jpeg .bmp .tif .tiff .pgm; other files are read as DICOM"});
  }
  return images;
}

}  // namespace vaso::train
