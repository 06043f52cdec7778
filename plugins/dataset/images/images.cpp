#include "folders.hpp"

#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <set>

namespace {

using namespace vaso;
namespace fs = std::filesystem;

struct Params {
  std::vector<std::string> root;
  bool recursive = true;
  std::string masks = "auto";
  std::vector<std::string> mask_folders;
  // danilov_14_042_5_0049 is site 14, patient 042, sequence 5, frame 49; p12_v3_00045 is patient p12, video v3,
  // frame 45.
  std::string patient = R"((?:^|_)(\d+_\d+|p\d+)_(v?\d+)_(\d+)$)";

  void describe(Schema& s) {
    s.field(root, "root", "folders of images; each is a source").path();
    s.field(recursive, "recursive", "also look in the folders below");
    s.field(
         masks, "masks",
         "filter masks: \"auto\" where there are side folders NAME_frangi or NAME_filter_92, \"required\", or \"none\"")
        .choices({"auto", "none", "required"});
    s.field(mask_folders, "mask_folders", "folders of masks, one for each root, instead of those found by name").path();
    s.field(patient, "patient",
            "regular expression searched in the file name without extension: group 1 is the patient, 2 the sequence, 3 "
            "the frame; \"\" "
            "= unknown");
  }
};

struct Entry {
  RecordId id;
  fs::path image;
  fs::path mask;  // "" = none
};

std::string size_text(const vision::GreyImage& image) {
  return std::to_string(image.width) + "×" + std::to_string(image.height);
}

// One name per root: its last part, or as many of its last parts as tell it from the others. "" for a single root.
std::vector<std::string> source_names(const std::vector<fs::path>& roots) {
  if (roots.size() == 1) return {""};
  std::vector<std::string> names;
  for (const fs::path& root : roots) {
    fs::path name = root.filename();
    fs::path above = root.parent_path();
    const auto shared = [&](const fs::path& tail) {
      return std::count_if(roots.begin(), roots.end(), [&](const fs::path& other) {
               return fmt::format("/{}", other.string()).ends_with(fmt::format("/{}", tail.string()));
             }) > 1;
    };
    while (shared(name) && above.has_filename()) {
      name = above.filename() / name;
      above = above.parent_path();
    }
    names.push_back(name);
  }
  return names;
}

std::optional<std::regex> patient_pattern(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    std::regex pattern(text);
    if (pattern.mark_count() < 1) throw ParameterError("patient", "it needs a group in parentheses for the patient");
    return pattern;
  } catch (const std::regex_error& error) {
    throw ParameterError("patient", std::string("it is no regular expression: ") + error.what());
  }
}

class Images final : public Dataset {
 public:
  Images(const Params& params, const RunShape&) {
    const std::vector<fs::path> roots = checked_roots(params);
    const std::vector<std::string> names = source_names(roots);
    const std::optional<std::regex> pattern = patient_pattern(params.patient);
    for (std::size_t r = 0; r < roots.size(); ++r) {
      images::MaskFinder masks(roots[r], params.mask_folders.empty() ? fs::path() : fs::path(params.mask_folders[r]));
      const std::vector<images::Found> found = images::find_images(roots[r], params.recursive);
      if (found.empty()) {
        throw DataError({roots[r], "holds no image",
                         "images end in .png .jpg .jpeg .bmp .tif .tiff .pgm; hidden files are skipped"});
      }
      for (const images::Found& file : found) {
        entries_.push_back(
            {id_of(file, names[r], pattern), file.file, params.masks == "none" ? fs::path() : masks.mask(file)});
        if (!entries_.back().mask.empty()) entries_.back().id.files.push_back(entries_.back().mask);
      }
    }
    check_masks(params);
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
  RecordId id(std::int64_t index) const override { return entries_.at(static_cast<std::size_t>(index)).id; }
  std::vector<std::string> maps() const override {
    return entries_.front().mask.empty() ? std::vector<std::string>{} : std::vector<std::string>{"filter"};
  }

  Record record(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const vision::GreyImage image = vision::read_grey(entry.image);
    Record record{entry.id, vision::to_tensor(image), {}, {}, {}};
    if (!entry.mask.empty()) record.maps["filter"] = vision::to_tensor(read_mask(entry, image));
    return record;
  }

 private:
  static std::vector<fs::path> checked_roots(const Params& params) {
    if (params.root.empty()) throw ParameterError("root", "it needs at least one folder");
    if (!params.mask_folders.empty() && params.mask_folders.size() != params.root.size()) {
      throw ParameterError("mask_folders", "it has " + std::to_string(params.mask_folders.size()) + " folders for " +
                                               std::to_string(params.root.size()) + " in `root`");
    }
    std::vector<fs::path> roots;
    std::set<fs::path> seen;
    for (const std::string& text : params.root) {
      fs::path root = fs::absolute(text).lexically_normal();
      if (!root.has_filename()) root = root.parent_path();  // "frames/" is "frames"
      std::error_code missing;
      if (!seen.insert(fs::weakly_canonical(root, missing)).second)
        throw ParameterError("root", "it lists " + root.string() + " twice");
      roots.push_back(std::move(root));
    }
    return roots;
  }

  static RecordId id_of(const images::Found& file, const std::string& source,
                        const std::optional<std::regex>& pattern) {
    RecordId id;
    id.source = source;
    id.name = file.relative.generic_string();
    id.files = {file.file.string()};
    const std::string stem = file.file.stem();
    std::smatch match;
    if (pattern && std::regex_search(stem, match, *pattern)) {
      id.patient = match.str(1);
      if (match.size() > 2) id.sequence = match.str(2);
      if (match.size() > 3 && match.length(3) > 0 && match.length(3) < 18) id.frame = std::stoll(match.str(3));
    }
    return id;
  }

  // All records carry the mask, or none does.
  void check_masks(const Params& params) const {
    const auto without = std::find_if(entries_.begin(), entries_.end(), [](const Entry& e) { return e.mask.empty(); });
    const auto with = std::find_if(entries_.begin(), entries_.end(), [](const Entry& e) { return !e.mask.empty(); });
    if (without == entries_.end() || params.masks == "none") return;
    const fs::path folder = without->image.parent_path();
    if (params.masks == "required") {
      throw DataError(
          {folder, "has no side folder of masks", "make " + folder.string() + "_frangi, or name it in `mask_folders`"});
    }
    if (with != entries_.end()) {
      throw DataError({folder, "has no side folder of masks, but " + with->image.parent_path().string() + " has one",
                       "make the missing masks, or set masks = \"none\""});
    }
  }

  static vision::GreyImage read_mask(const Entry& entry, const vision::GreyImage& image) {
    vision::GreyImage mask = vision::read_grey(entry.mask);
    if (mask.height != image.height || mask.width != image.width) {
      throw DataError({entry.mask,
                       "is " + size_text(mask) + ", its image " + entry.image.string() + " is " + size_text(image),
                       "make the mask again from this image"});
    }
    // Some tools write masks as 0 and 1.
    if (*std::max_element(mask.pixels.begin(), mask.pixels.end()) == 1) {
      for (std::uint8_t& value : mask.pixels) value = value != 0 ? 255 : 0;
    }
    return mask;
  }

  std::vector<Entry> entries_;
};

}  // namespace

VASO_PLUGIN("dataset.images", "1.0.0", "dataset.images") {
  plugins.add<Images, Params>("images", "folders of PNG, JPEG, BMP, TIFF and PGM frames, with masks in side folders");
}
