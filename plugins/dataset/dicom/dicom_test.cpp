#include "sdk/dataset.hpp"

#include "support/data_sets.hpp"
#include "support/faults.hpp"
#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <set>
#include <thread>

using namespace vaso;
using tests::error_of;
namespace fs = std::filesystem;

namespace {

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xff);
  return text;
}

// Explicit VR, little endian (PS3.5, 7.1.2).
std::string element(int group, int number, const std::string& vr, std::string value) {
  if (value.size() % 2 != 0) value += vr == "UI" || vr == "OB" ? '\0' : ' ';
  const std::string tag =
      little_endian(static_cast<std::uint64_t>(group), 2) + little_endian(static_cast<std::uint64_t>(number), 2) + vr;
  const bool is_long = vr == "OB" || vr == "OW" || vr == "SQ";
  return tag + (is_long ? std::string(2, '\0') + little_endian(value.size(), 4) : little_endian(value.size(), 2)) +
         value;
}

std::string us(int group, int number, int value) {
  return element(group, number, "US", little_endian(static_cast<std::uint64_t>(value), 2));
}

std::string sequence(int group, int number, const std::vector<std::string>& items) {
  std::string content;
  for (const std::string& item : items)
    content += little_endian(0xfffe, 2) + little_endian(0xe000, 2) + little_endian(item.size(), 4) + item;
  return element(group, number, "SQ", content);
}

std::string window(const std::string& centre, const std::string& width) {
  return element(0x28, 0x1050, "DS", centre) + element(0x28, 0x1051, "DS", width);
}

// A VOI LUT Sequence of one table. entry_bytes: how many bytes an entry takes.
std::string lookup(int count, int first, int bits, const std::vector<int>& entries, int entry_bytes) {
  std::string descriptor, content;
  for (const int value : {count, first, bits}) descriptor += little_endian(static_cast<std::uint64_t>(value), 2);
  for (const int value : entries) content += little_endian(static_cast<std::uint64_t>(value), entry_bytes);
  return sequence(0x28, 0x3010, {element(0x28, 0x3002, "US", descriptor) + element(0x28, 0x3006, "OW", content)});
}

// What Enhanced XA says of one frame, or of all.
std::string frame_voi_lut(const std::string& content) { return sequence(0x28, 0x9132, {content}); }

struct Sample {
  std::string patient = "HOSPITAL-4711", study = "1.2.3", series = "1.2.3.4", instance = "1.2.3.4.5";
  std::string modality = "XA", photometric = "MONOCHROME2";
  std::string window;          // "centre/width"
  std::string lookup, groups;  // elements: a VOI LUT Sequence, functional groups
  int frames = 2, side = 8, allocated = 16, stored = 12, is_signed = 0;
  std::vector<int> values{0, 1, 1000, 4095};  // of the first pixels of every frame; the others are 7
};

std::string file_of(const Sample& sample) {
  const std::string syntax = element(2, 0x02, "UI", "1.2.840.10008.5.1.4.1.1.12.1") +
                             element(2, 0x03, "UI", sample.instance) + element(2, 0x10, "UI", "1.2.840.10008.1.2.1");
  std::string pixels;
  for (int f = 0; f < sample.frames; ++f) {
    for (int i = 0; i < sample.side * sample.side; ++i) {
      const auto place = static_cast<std::size_t>(i);
      const int value = place < sample.values.size() ? sample.values[place] : 7 + f;
      pixels += little_endian(static_cast<std::uint64_t>(value), sample.allocated / 8);
    }
  }
  std::string data = element(0x08, 0x18, "UI", sample.instance) + element(0x08, 0x60, "CS", sample.modality) +
                     element(0x10, 0x10, "PN", "Somebody^Real");
  if (!sample.patient.empty()) data += element(0x10, 0x20, "LO", sample.patient);
  data += element(0x18, 0x1510, "DS", "-30.4") + element(0x18, 0x1511, "DS", "+20") +
          element(0x20, 0x0d, "UI", sample.study) + element(0x20, 0x0e, "UI", sample.series) +
          element(0x20, 0x11, "IS", "3") + element(0x20, 0x13, "IS", "12") + us(0x28, 0x02, 1) +
          element(0x28, 0x04, "CS", sample.photometric) + element(0x28, 0x08, "IS", std::to_string(sample.frames)) +
          us(0x28, 0x10, sample.side) + us(0x28, 0x11, sample.side) + us(0x28, 0x100, sample.allocated) +
          us(0x28, 0x101, sample.stored) + us(0x28, 0x102, sample.stored - 1) + us(0x28, 0x103, sample.is_signed);
  if (const std::size_t cut = sample.window.find('/'); cut != std::string::npos)
    data += window(sample.window.substr(0, cut), sample.window.substr(cut + 1));
  data += sample.lookup + sample.groups;
  return std::string(128, '\0') + "DICM" + element(2, 0, "UL", little_endian(syntax.size(), 4)) + syntax + data +
         element(0x7fe0, 0x10, sample.allocated == 16 ? "OW" : "OB", pixels);
}

std::shared_ptr<Dataset> open_dicom(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.dicom", fmt::format("root = [\"{}\"]\n{}", root.string(), more),
                                     RunShape{});
}

// Greys of a frame's first four pixels.
std::vector<int> greys(const Sample& sample, const std::string& more = "", std::int64_t frame = 0) {
  const tests::TemporaryFolder folder;
  tests::write(folder.path() / "run", file_of(sample));
  const at::Tensor image = open_dicom(folder.path() / "run", more)->record(frame).image;
  std::vector<int> first;
  for (int x = 0; x < 4; ++x) first.push_back(image[0][x].item<int>());
  return first;
}

using Greys = std::vector<int>;

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("stored values become grey by the depth, by the window, signed or not, whatever the meaning of zero") {
    Sample sample;  // 12 bits
    CHECK(greys(sample) == Greys{0, 0, 62, 255});
    sample.photometric = "MONOCHROME1";
    CHECK(greys(sample) == Greys{255, 255, 193, 0});
    sample.photometric = "MONOCHROME2";
    // C.11.2.1.2.1: ((x − 999.5) / 999 + 0.5) · 255
    sample.window = "1000/1000";
    CHECK(greys(sample) == Greys{0, 0, 128, 255});
    CHECK(greys(sample, "grey = \"depth\"") == Greys{0, 0, 62, 255});
    sample.window = "1000\\40/2000\\400";  // the first of two
    CHECK(greys(sample) == Greys{0, 0, 128, 255});
    Sample narrow;  // the window's edges are 98.5 and 100.5
    narrow.values = {98, 99, 100, 101};
    narrow.window = "100/3";
    CHECK(greys(narrow) == Greys{0, 64, 191, 255});
    sample.window = "1000/0";  // none
    CHECK(greys(sample) == Greys{0, 0, 62, 255});
    sample.window = "";
    sample.is_signed = 1;
    sample.values = {-2048, -1, 0, 2047};
    CHECK(greys(sample) == Greys{0, 127, 128, 255});
    Sample bytes;
    bytes.allocated = bytes.stored = 8;
    bytes.values = {0, 1, 128, 255};
    CHECK(greys(bytes) == Greys{0, 1, 128, 255});
    bytes.window = "128/256";  // what most 8-bit runs state; the identity
    CHECK(greys(bytes) == Greys{0, 1, 128, 255});
  }

  // Expected: pydicom 2.3.1, apply_voi_lut, scaled to 0…255.
  TEST_CASE("a lookup table of interest goes before the window") {
    Sample sample;
    sample.values = {0, 11, 12, 4000};
    sample.window = "1000/1000";
    sample.lookup = lookup(4, 10, 12, {0, 100, 200, 4095}, 2);
    CHECK(greys(sample) == Greys{0, 6, 12, 255});
    CHECK(greys(sample, "grey = \"depth\"") == Greys{0, 1, 1, 249});
    sample.photometric = "MONOCHROME1";
    CHECK(greys(sample) == Greys{255, 249, 243, 0});
    Sample bytes;
    bytes.allocated = bytes.stored = 8;
    bytes.values = {0, 1, 2, 200};
    bytes.lookup = lookup(4, 0, 8, {10, 50, 100, 255}, 1);  // entries of a byte
    CHECK(greys(bytes) == Greys{10, 50, 100, 255});
    Sample below;
    below.is_signed = 1;
    below.values = {-30, -2, -1, 5};
    below.lookup = lookup(3, 0xfffe, 8, {20, 128, 255}, 2);
    CHECK(greys(below) == Greys{20, 20, 128, 255});
    sample.lookup = lookup(400, 10, 12, {0, 100, 200, 4095}, 2);
    tests::check_contains(error_of([&] { greys(sample); }), "lookup table (VOI LUT Sequence) of 8 bytes");
  }

  TEST_CASE("Enhanced XA: what a frame says of itself goes before what is said of all") {
    Sample sample;
    sample.frames = 4;
    sample.values = {98, 99, 1000, 4095};
    sample.window = "2000/4000";
    const std::string positioner =
        sequence(0x18, 0x9405, {element(0x18, 0x1510, "DS", "40.2") + element(0x18, 0x1511, "DS", "-24.8")});
    sample.groups = sequence(0x5200, 0x9229, {frame_voi_lut(window("100", "3"))}) +
                    sequence(0x5200, 0x9230,
                             {positioner + frame_voi_lut(window("1000", "1000")),
                              frame_voi_lut(lookup(2, 99, 8, {7, 9}, 2)), positioner});
    CHECK(greys(sample, "", 0) == Greys{0, 0, 128, 255});
    CHECK(greys(sample, "", 1) == Greys{7, 7, 9, 9});
    CHECK(greys(sample, "", 2) == Greys{0, 64, 255, 255});  // nothing of its own: that of all
    CHECK(greys(sample, "", 3) == Greys{0, 64, 255, 255});  // no item
    CHECK(greys(sample, "grey = \"depth\"", 1) == Greys{6, 6, 62, 255});
    const tests::TemporaryFolder folder;
    tests::write(folder.path() / "run", file_of(sample));
    tests::check_contains(open_dicom(folder.path())->id(0).sequence, "LAO40_CAU25");
  }

  TEST_CASE("a run's frames, its projection, and nothing that tells the patient") {
    const tests::TemporaryFolder folder;
    tests::write(folder.path() / "a" / "Somebody_Real" / "0001", file_of({}));
    const auto dataset = open_dicom(folder.path());
    REQUIRE(dataset->size() == 2);
    CHECK(!dataset->has_masks());
    const Record record = dataset->record(1);
    CHECK(record.image.sizes() == at::IntArrayRef({8, 8}));
    CHECK(record.id.frame == 1);
    tests::check_contains(record.id.sequence, "series 3 instance 12 RAO30_CRA20");
    for (const std::string& text : {record.id.name, record.id.patient, record.id.sequence, record.id.source}) {
      for (const char* secret : {"Somebody", "4711", "1.2.3"}) CHECK(text.find(secret) == std::string::npos);
    }
    CHECK(open_dicom(folder.path(), "stride = 2")->size() == 1);
    CHECK(open_dicom(folder.path() / "a" / "Somebody_Real" / "0001")->id(1).name == record.id.name);
  }

  TEST_CASE("studies of one patient share a key; without a patient number the study stands for him") {
    const tests::TemporaryFolder folder;
    const auto add = [&](const std::string& patient, const std::string& study, const std::string& instance) {
      Sample sample;
      sample.patient = patient;
      sample.study = study;
      sample.instance = instance;
      sample.frames = 1;
      tests::write(folder.path() / instance, file_of(sample));
    };
    add("A", "1.1", "1");
    add("A", "1.2", "2");
    add("B", "1.3", "3");
    add("", "1.4", "4");
    add("", "1.4", "5");
    add("", "1.5", "6");
    const auto dataset = open_dicom(folder.path());
    REQUIRE(dataset->size() == 6);
    std::vector<std::string> keys;
    for (std::int64_t i = 0; i < 6; ++i) keys.push_back(dataset->id(i).patient);
    CHECK(keys[0] == keys[1]);
    CHECK(keys[3] == keys[4]);
    CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 4);
    // Files of one frame are frames of their series.
    CHECK(dataset->id(0).frame == 12);
    CHECK(dataset->id(0).sequence == dataset->id(1).sequence);
  }

  TEST_CASE("what is no angiogram is passed over with a note; what is broken is a fault") {
    const tests::TemporaryFolder folder;
    tests::write(folder.path() / "good", file_of({}));
    tests::write(folder.path() / "notes.txt", "x");
    Sample other;
    other.instance = "9";
    other.modality = "CT";
    tests::write(folder.path() / "ct", file_of(other));
    other.modality = "XA";
    other.photometric = "PALETTE COLOR";
    tests::write(folder.path() / "colour", file_of(other));
    const auto dataset = open_dicom(folder.path());
    CHECK(dataset->size() == 2);
    CHECK(dataset->faults().empty());
    REQUIRE(dataset->notes().size() == 3);
    tests::check_contains(dataset->notes()[0], "no DICOM files: notes.txt");
    CHECK(open_dicom(folder.path(), "modality = []")->size() == 4);

    tests::write(folder.path() / "empty.dcm", "");
    tests::write(folder.path() / "copy", file_of({}));
    tests::write(folder.path() / "stump", file_of({}).substr(0, 200));
    const auto faulty = open_dicom(folder.path());
    REQUIRE(faulty->faults().size() == 3);
    std::set<std::string> where;
    for (const Fault& fault : faulty->faults()) where.insert(fs::path(fault.where).filename());
    CHECK(where == std::set<std::string>{"empty.dcm", "good", "stump"});
    CHECK(open_dicom(folder.path() / "notes.txt")->faults().size() == 1);
    tests::check_contains(error_of([&] { open_dicom(folder.path() / "nowhere"); }), "does not exist");
  }

  TEST_CASE("wherever a file is cut off, it is a fault, not a crash") {
    const tests::TemporaryFolder folder;
    const std::string whole = file_of({});
    tests::write(folder.path() / "run", whole);
    REQUIRE(open_dicom(folder.path())->record(0).image.numel() == 64);
    for (std::size_t size = 132; size < whole.size(); size += 1 + size % 3) {
      CAPTURE(size);
      tests::write(folder.path() / "run", whole.substr(0, size));
      std::string error = "none";
      try {
        const auto dataset = open_dicom(folder.path());
        if (!dataset->faults().empty()) error = dataset->faults()[0].what;
      } catch (const DataError& empty) {
        error = empty.what();  // cut between two elements of the header: no XA, or no pixels
      }
      CHECK(error != "none");
    }
    tests::write(folder.path() / "run", whole.substr(0, whole.size() - 60));
    tests::check_contains(open_dicom(folder.path())->faults().at(0).what,
                          "is truncated: a value reaches beyond its end");
  }

  TEST_CASE("threads read different runs at a time") {
    const tests::TemporaryFolder folder;
    for (int run = 0; run < 12; ++run) {
      Sample sample;
      sample.instance = fmt::format("7.{}", run);
      sample.values = {run * 256};
      tests::write(folder.path() / std::to_string(100 + run), file_of(sample));
    }
    const auto dataset = open_dicom(folder.path());
    std::vector<std::thread> threads;
    std::vector<int> wrong(4, 0);
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::int64_t i = static_cast<std::int64_t>(t); i < dataset->size(); i += 4) {
          const int expected = static_cast<int>(255.0 * static_cast<double>(i / 2 * 256) / 4095 + 0.5);
          wrong[t] += dataset->record(i).image[0][0].item<int>() != expected ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4, 0));
  }
}

TEST_SUITE("reference") {
  // The sum of grey times its position modulo 1009: tells other pixels, and other places.
  std::int64_t weighted_sum(const at::Tensor& image) {
    return (image.flatten().to(at::kLong) * at::arange(image.numel(), at::kLong).remainder(1009))
        .sum()
        .item<std::int64_t>();
  }

  TEST_CASE("one frame in three transfer syntaxes") {
    const fs::path folder = tests::data_dir() / "dicom_xa";
    if (!fs::exists(folder / "XA1_UNC")) {
      MESSAGE("skipped: no data in " << folder.string());
      return;
    }
    const at::Tensor raw = open_dicom(folder / "XA1_UNC")->record(0).image;
    CHECK(raw.sizes() == at::IntArrayRef({1024, 1024}));
    // NumPy 1.24.2, from the bytes of the uncompressed file: floor(255 v / 1023 + 1/2).
    CHECK(raw.sum().item<std::int64_t>() == 28007901);
    CHECK(weighted_sum(raw) == 14157802785);
    for (const char* name : {"XA1_JPLL", "XA1_J2KR"}) {
      CAPTURE(name);
      CHECK(at::equal(open_dicom(folder / name)->record(0).image, raw));
    }
  }

  TEST_CASE("a run of 96 frames, JPEG baseline") {
    const fs::path file = tests::data_dir() / "dicom_xa" / "rubo_coronary_512x512x96_jpegbaseline.dcm";
    if (!fs::exists(file)) {
      MESSAGE("skipped: no data in " << file.string());
      return;
    }
    const auto dataset = open_dicom(file);
    REQUIRE(dataset->size() == 96);
    tests::check_contains(dataset->id(0).sequence, "RAO32_CRA2");
    // Pillow 9.4 (libjpeg-turbo) on the file's fragments. IDCTs may differ by a grey level here and there.
    for (const auto& [frame, sum] : {std::pair{0, 21369877}, std::pair{48, 17605114}, std::pair{95, 17628729}}) {
      const at::Tensor image = dataset->record(frame).image;
      CHECK(image.sizes() == at::IntArrayRef({512, 512}));
      CHECK(image.sum().item<double>() == doctest::Approx(sum).epsilon(1e-4));
    }
    CHECK(std::abs(weighted_sum(dataset->record(48).image) - 8909396161) < 1'000'000);
  }
}
