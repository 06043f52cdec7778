#include "videos.hpp"

#include "data/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <set>

namespace vaso::cadica {
namespace fs = std::filesystem;
namespace {

struct ListedLine {
  std::string text;  // without blanks around it
  int number = 0;    // from 1
};

// Lines that are not empty. The lists come with trailing blanks, Windows line ends, and without a last line end.
std::vector<ListedLine> lines_of(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream) throw DataError({file, "cannot be read", "unpack the data set again, or check who may read it"});
  std::vector<ListedLine> lines;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    constexpr const char* kBlank = " \t\r";
    const auto first = line.find_first_not_of(kBlank);
    if (first != std::string::npos)
      lines.push_back({line.substr(first, line.find_last_not_of(kBlank) - first + 1), number});
  }
  return lines;
}

// 45 of "p1_v3_00045", "p1_v3_00045.png", "00045" and "45"; −1 of anything else.
std::int64_t frame_number(const std::string& name) {
  std::string digits = name.substr(name.rfind('_') + 1);
  if (digits.ends_with(".png")) digits.resize(digits.size() - 4);
  std::int64_t number = -1;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc() && rest == end && number >= 0 ? number : -1;
}

class Reader {
 public:
  explicit Reader(const fs::path& root) : root_(root) {}

  Collection labelled() {
    const fs::path selected = root_ / "selectedVideos";
    if (!fs::is_directory(selected)) {
      throw DataError({root_, "has no folder `selectedVideos`",
                       "`root` is the unpacked data set, the folder with selectedVideos in it"});
    }
    for (const fs::path& patient : data::folders_in(selected)) {
      keep_faults([&] { read_patient(patient); });
    }
    tell();
    return finish();
  }

  Collection all() {
    bool any = false;
    for (const char* part : {"selectedVideos", "nonselectedVideos"}) {
      if (!fs::is_directory(root_ / part)) continue;
      any = true;
      for (const fs::path& image : data::images_under(root_ / part)) {
        const std::string patient = patient_of(image), video = video_of(image);
        if (patient.empty()) continue;
        result_.frames.push_back({id_of(image, patient, video), {}});
      }
    }
    if (!any) {
      throw DataError({root_, "has no folder `selectedVideos`",
                       "`root` is the unpacked data set, the folder with selectedVideos in it"});
    }
    return finish();
  }

 private:
  // What is wrong with one patient or video must not hide the others.
  template <class Action>
  void keep_faults(Action action) {
    try {
      action();
    } catch (const DataError& error) {
      result_.faults.push_back(error.fault());
    }
  }

  void read_patient(const fs::path& folder) {
    const std::set<std::string> lesion = video_list(folder / "lesionVideos.txt");
    const std::set<std::string> healthy = video_list(folder / "nonlesionVideos.txt");
    std::set<std::string> there;
    for (const fs::path& video : data::folders_in(folder)) {
      const std::string name = video.filename();
      there.insert(name);
      if (lesion.contains(name) == healthy.contains(name)) {
        result_.faults.push_back({video,
                                  lesion.contains(name) ? "is in lesionVideos.txt and in nonlesionVideos.txt"
                                                        : "is neither in lesionVideos.txt nor in nonlesionVideos.txt",
                                  "correct the two lists of its patient"});
        continue;
      }
      keep_faults([&] { read_video(video, folder.filename(), lesion.contains(name)); });
    }
    for (const auto* list : {&lesion, &healthy}) {
      for (const std::string& name : *list) {
        if (there.contains(name)) continue;
        result_.faults.push_back(
            {folder / name,
             fmt::format("is missing; {} lists it", list == &lesion ? "lesionVideos.txt" : "nonlesionVideos.txt"),
             "unpack the data set again, or correct the list"});
      }
    }
  }

  // A patient without lesions may lack the one list, one without healthy videos the other. Names come as "v3" or as
  // "p1_v3".
  std::set<std::string> video_list(const fs::path& file) const {
    std::set<std::string> names;
    if (!fs::exists(file)) return names;
    for (const ListedLine& line : lines_of(file)) names.insert(line.text.substr(line.text.rfind('_') + 1));
    return names;
  }

  void read_video(const fs::path& folder, const std::string& patient, bool lesion) {
    const std::string video = folder.filename();
    const std::string prefix = patient + "_" + video;
    std::map<std::int64_t, fs::path> images;
    for (const fs::path& image : data::images_under(folder / "input", false)) {
      const std::int64_t number = frame_number(image.stem());
      if (number >= 0) images.emplace(number, image);
    }
    const fs::path list = folder / (prefix + "_selectedFrames.txt");
    std::set<std::int64_t> selected;
    for (const ListedLine& line : lines_of(list)) {
      const std::int64_t number = frame_number(line.text);
      const std::string place = fmt::format("{}:{}", list.string(), line.number);
      if (number < 0) {
        result_.faults.push_back({place, fmt::format("`{}` is no frame", line.text), "write ids as in `input`"});
      } else if (!images.contains(number)) {
        result_.faults.push_back({place, fmt::format("frame `{}` is not in {}", line.text, (folder / "input").string()),
                                  "unpack the data set again, or correct the list"});
      } else {
        selected.insert(number);
      }
    }
    for (const std::int64_t number : selected) {
      keep_faults([&] { add(images.at(number), patient, video, folder / "groundtruth", lesion); });
    }
    if (lesion) {
      not_selected_ += static_cast<std::int64_t>(images.size() - selected.size());
      count_unselected_boxes(folder / "groundtruth", selected);
    }
  }

  void add(const fs::path& image, const std::string& patient, const std::string& video, const fs::path& ground_truth,
           bool lesion) {
    Frame frame{id_of(image, patient, video), {}};
    const fs::path boxes = ground_truth / (image.stem().string() + ".txt");
    if (fs::exists(boxes)) {
      frame.boxes = read_boxes(boxes);
      frame.id.files.push_back(boxes);
      if (!lesion && !frame.boxes.empty()) {
        throw DataError({boxes, "holds lesions, but its video is in nonlesionVideos.txt",
                         "correct the lists of the patient, or remove the file"});
      }
    } else if (lesion) {
      ++without_boxes_;
      return;
    }
    result_.frames.push_back(std::move(frame));
  }

  void count_unselected_boxes(const fs::path& folder, const std::set<std::int64_t>& selected) {
    if (!fs::is_directory(folder)) return;
    for (const fs::path& file : data::files_under(folder, false)) {
      if (file.extension() == ".txt" && !selected.contains(frame_number(file.stem()))) ++unselected_boxes_;
    }
  }

  // "p1" and "v3" of …/p1/v3/input/p1_v3_00045.png; "" where the name has another form.
  static std::string patient_of(const fs::path& image) { return part_of(image, 0); }
  static std::string video_of(const fs::path& image) { return part_of(image, 1); }
  static std::string part_of(const fs::path& image, int wanted) {
    const std::string stem = image.stem();
    const auto first = stem.find('_'), second = stem.find('_', first + 1);
    if (first == std::string::npos || second == std::string::npos || !stem.starts_with('p') || stem[first + 1] != 'v')
      return "";
    return wanted == 0 ? stem.substr(0, first) : stem.substr(first + 1, second - first - 1);
  }

  static RecordId id_of(const fs::path& image, const std::string& patient, const std::string& video) {
    RecordId id;
    id.name = image.stem();
    id.patient = patient;
    id.sequence = video;
    id.frame = frame_number(image.stem());
    id.files = {image};
    return id;
  }

  void tell() {
    const auto note = [&](std::int64_t count, const char* what) {
      if (count > 0) result_.notes.push_back(fmt::format("{} {}", count, what));
    };
    note(not_selected_, "frames of lesion videos were not selected: nobody looked at them, so they are left out");
    note(without_boxes_, "selected frames of lesion videos have no file of boxes: they are left out");
    note(unselected_boxes_, "files of boxes belong to frames that were not selected: they are left out");
  }

  Collection finish() {
    std::sort(result_.frames.begin(), result_.frames.end(),
              [](const Frame& a, const Frame& b) { return a.id.name < b.id.name; });
    for (auto frame = result_.frames.begin(); frame != result_.frames.end();) {
      const auto next = std::next(frame);
      if (next == result_.frames.end() || next->id.name != frame->id.name) {
        ++frame;
        continue;
      }
      result_.faults.push_back(
          {next->id.files.front(), "is there twice: also as " + frame->id.files.front(), "remove one of them"});
      frame = std::prev(result_.frames.erase(next));
    }
    return std::move(result_);
  }

  fs::path root_;
  Collection result_;
  std::int64_t not_selected_ = 0, without_boxes_ = 0, unselected_boxes_ = 0;
};

}  // namespace

Collection labelled_frames(const fs::path& root) { return Reader(root).labelled(); }
Collection all_frames(const fs::path& root) { return Reader(root).all(); }

}  // namespace vaso::cadica
