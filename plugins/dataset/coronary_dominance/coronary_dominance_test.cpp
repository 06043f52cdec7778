#include "npz_files.hpp"

#include "sdk/dataset.hpp"

#include "support/data_sets.hpp"
#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <ATen/core/Tensor.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>

using namespace vaso;
using tests::npy_file;
using tests::write_npz;
namespace fs = std::filesystem;

namespace {

// numpy 1.24.2: savez_compressed with pixel_array, 5×9×8 u1, (50 frame + 5 y + x) mod 256; artery_type 'RCA';
// primary_angle −30.25; secondary_angle 20 (i8); seriesid, an object.
constexpr std::string_view kByNumpy =
    "504b03041400000008000000210099ab230782010000e80100000f001400706978656c5f61727261792e6e707901001000e8010000000000"
    "0082010000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a05e536aa8aea3a09e965f54529498179f5f94920a12774bcc294e"
    "058a17672416a402f91aa63a0a963a0a169a3a0ab50ae4012e064626661656367620e2e0e4e2e601225e3e7e014120121216111503227109"
    "49296920929195935700224525651555205253d7d0d402226d1d5d3d7d2363135333730b4b20b2b2b6b1b503227b074727672072717573f7"
    "00224f2f6f1f5f20f2f30f080c02a2e090d0b070208a888c8a8e01a2d8b8f884c494d4b4f48cccac6c20cac9cdcb2f00a2c2a2e29252202a"
    "2bafa8ac02a2ea9adaba7a206a686c6a6e01a2d6b6f68e4e20eaeaeee9ed03a2fe0913274d9e367dc6cc59b3e7cc05a279f3172c5c04448b"
    "972c5db61c8856ac5cb57a0d10ad5db77ec34620dab479cbd66d40b47dc7ce5dbb8168cfde7dfb0f00d1c143878f1c3d71f2d4e93367cf9d"
    "07a20b172f5dbe024457af5dbf7113886eddbe73f71e10dd7ff0f0d163207af2f4d9f31740f4f2d5eb376f81e8ddfb0f1f3f01d1e72f5fbf"
    "7d0700504b03041400000008000000210008bf719e4b0000008c0000000f0014006172746572795f747970652e6e7079010010008c000000"
    "000000004b000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e136aacaea3a09e965f54529498179f5f94920a12774b"
    "cc294e058a17672416a402f91a9a3a0ab50a1401ae20060606672076046200504b030414000000080000002100ac64b12b48000000880000"
    "00110014007072696d6172795f616e676c652e6e707901001000880000000000000048000000000000009bec17ea1b10c9c850c650ad9e92"
    "5a9c5ca46ea5a06e9366a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a9a3a0ab50a14012e061070b03b"
    "0000504b030414000000080000002100eb8ec49e4600000088000000130014007365636f6e646172795f616e676c652e6e70790100100088"
    "0000000000000046000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a1aea3a09e965f54529498179f5f94920a"
    "12774bcc294e058a17672416a402f91a9a3a0ab50a14012e1106080000504b03041400000008000000210045999e77ce000000210100000c"
    "00140073657269657369642e6e7079010010002101000000000000ce000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a0"
    "5ee3afaea3a09e965f54529498179f5f94920a12764bcc294e058a17672416a402f91a9a3a0ab50a9401ae06e6e4bcd2dc824abde4fca254"
    "bddcd29c92ccc4a2a2c44aaef8a2d4e4fcbce292a2d2e412ae4206882aaebc14886c21a337436b219333635221737b214b5021ab8637a326"
    "54514a4965412a57215b0413030383bf45217b67477b21475021a7863773042350aca690cbcfcfcfeb3f1080096ffb9242eea4ced8429e08"
    "56a0b4a19e919e71216f6249215f921e00504b010214031400000008000000210099ab230782010000e80100000f00000000000000000000"
    "00800100000000706978656c5f61727261792e6e7079504b010214031400000008000000210008bf719e4b0000008c0000000f0000000000"
    "0000000000008001c30100006172746572795f747970652e6e7079504b0102140314000000080000002100ac64b12b480000008800000011"
    "000000000000000000000080014f0200007072696d6172795f616e676c652e6e7079504b0102140314000000080000002100eb8ec49e4600"
    "0000880000001300000000000000000000008001da0200007365636f6e646172795f616e676c652e6e7079504b0102140314000000080000"
    "00210045999e77ce000000210100000c000000000000000000000080016503000073657269657369642e6e7079504b050600000000050005"
    "0034010000710400000000";

void write_bytes(const fs::path& file, std::string_view hex) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out.put(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
}

template <class T>
std::string as_bytes(const std::vector<double>& values) {
  std::string bytes;
  for (const double value : values) {
    const T typed = static_cast<T>(value);
    bytes.append(reinterpret_cast<const char*>(&typed), sizeof typed);
  }
  return bytes;
}

std::string describe(const std::string& dtype, const std::string& shape, bool fortran = false) {
  return fmt::format("'descr': '{}', 'fortran_order': {}, 'shape': {}, ", dtype, fortran ? "True" : "False", shape);
}

// A run of `frames` frames of 16×16 pixels: a ramp that moves by `step` pixels a frame.
std::string moving_ramp(int frames, int step) {
  std::vector<double> values;
  for (int f = 0; f < frames; ++f) {
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) values.push_back((16 * x + 3 * y + 16 * step * f) % 256);
    }
  }
  return npy_file(describe("|u1", fmt::format("({}, 16, 16)", frames)), as_bytes<std::uint8_t>(values));
}

std::shared_ptr<Dataset> open_dominance(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.coronary_dominance",
                                     fmt::format("root = \"{}\"\n{}", root.string(), more), RunShape{});
}

fs::path run_in(const fs::path& root, const std::string& study, const std::string& artery, const std::string& series) {
  return root / "Right_Dominance" / study / artery / (series + ".npz");
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("an archive that NumPy wrote: frames, artery, projection; Python objects are left alone") {
    const tests::TemporaryFolder folder;
    write_bytes(run_in(folder.path(), "Study00001_1.2", "RCA", "1.2.3"), kByNumpy);
    const auto dataset = open_dominance(folder.path());
    REQUIRE(dataset->size() == 5);
    CHECK(dataset->faults().empty());
    CHECK(dataset->notes().empty());
    CHECK(!dataset->has_masks());
    const Record record = dataset->record(3);
    CHECK(record.id.name == "Right_Dominance/Study00001_1.2/RCA/1.2.3/00003");
    CHECK(record.id.patient == "Study00001_1.2");
    CHECK(record.id.sequence == "RCA 1.2.3 RAO30_CRA20");
    CHECK(record.id.frame == 3);
    CHECK(record.image.sizes() == at::IntArrayRef({9, 8}));
    for (int y = 0; y < 9; ++y) {
      for (int x = 0; x < 8; ++x) CHECK(record.image[y][x].item<int>() == (50 * 3 + 5 * y + x) % 256);
    }
    // Without the folder, the artery is what the file says.
    write_bytes(folder.path() / "loose" / "a.npz", kByNumpy);
    const auto loose = open_dominance(folder.path() / "loose");
    CHECK(loose->id(0).sequence == "RCA a RAO30_CRA20");
    CHECK(loose->id(0).patient.empty());
    CHECK(loose->notes().size() == 1);
  }

  TEST_CASE("every number type, both header versions and memory orders give the same frames") {
    std::vector<double> values, fortran(2 * 8 * 9);
    for (int f = 0; f < 2; ++f) {
      for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 9; ++x) {
          values.push_back(100 * f + 10 * y + x);
          fortran[static_cast<std::size_t>(f + 2 * (y + 8 * x))] = values.back();
        }
      }
    }
    const std::string shape = "(2, 8, 9)";
    const std::vector<std::string> arrays{npy_file(describe("|u1", shape), as_bytes<std::uint8_t>(values)),
                                          npy_file(describe("|u1", shape), as_bytes<std::uint8_t>(values), 2),
                                          npy_file(describe("|u1", shape, true), as_bytes<std::uint8_t>(fortran)),
                                          npy_file(describe("<u2", shape), as_bytes<std::uint16_t>(values)),
                                          npy_file(describe("<i4", shape, true), as_bytes<std::int32_t>(fortran)),
                                          npy_file(describe("<i8", shape), as_bytes<std::int64_t>(values), 3),
                                          npy_file(describe("<f4", shape), as_bytes<float>(values)),
                                          npy_file(describe("<f8", shape), as_bytes<double>(values))};
    const tests::TemporaryFolder folder;
    for (std::size_t a = 0; a < arrays.size(); ++a)
      write_npz(run_in(folder.path(), "Study1", "LCA", std::to_string(a)), {{"pixel_array", arrays[a]}});
    const auto dataset = open_dominance(folder.path());
    REQUIRE(dataset->size() == static_cast<std::int64_t>(2 * arrays.size()));
    for (std::int64_t i = 0; i < dataset->size(); ++i) {
      CAPTURE(dataset->id(i).name);
      const at::Tensor image = dataset->record(i).image;
      REQUIRE(image.sizes() == at::IntArrayRef({8, 9}));
      for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 9; ++x) CHECK(image[y][x].item<int>() == 100 * (i % 2) + 10 * y + x);
      }
    }
  }

  TEST_CASE("archives that cannot be read are faults that name file and member, and the others stay") {
    const tests::TemporaryFolder folder;
    const auto place = [&](const std::string& name) { return run_in(folder.path(), "Study1", "LCA", name); };
    write_npz(place("good"), {{"pixel_array", moving_ramp(3, 1)}});
    const std::vector<std::pair<std::string, std::string>> arrays{
        {"object", npy_file(describe("|O", "(3, 16, 16)"), "pickle")},
        {"structure", npy_file("'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), ", "1234")},
        {"big", npy_file(describe(">u2", "(1, 2, 2)"), std::string(8, 'x'))},
        {"lie", npy_file(describe("|u1", "(9, 16, 16)"), std::string(256, 'x'))},
        {"huge", npy_file(describe("|u1", "(4294967296, 4294967296, 4294967296)"), "x")},
        {"text", npy_file(describe("<U4", "(2, 2)"), std::string(64, 'x'))},
        {"tiny", npy_file(describe("|u1", "(1, 8, 4)"), std::string(32, 'x'))},
        {"flat", npy_file(describe("|u1", "(4,)"), "xxxx")},
        {"short", "\x93NUM"},
        {"junk", std::string(64, 'x')}};
    const std::map<std::string, std::string> reasons{{"object", "pickled Python objects"},
                                                     {"structure", "several fields"},
                                                     {"big", "`>u2`"},
                                                     {"lie", "by its header"},
                                                     {"huge", "no memory holds"},
                                                     {"text", "type <U4"},
                                                     {"flat", "shape (4)"},
                                                     {"tiny", "4×8 pixels"},
                                                     {"short", "does not begin as"},
                                                     {"junk", "does not begin as"},
                                                     {"cut", "truncated or no npz"},
                                                     {"empty", "no member `pixel_array`"},
                                                     {"none", "truncated or no npz"}};
    for (const auto& [name, array] : arrays) write_npz(place(name), {{"pixel_array", array}});
    write_npz(place("empty"), {{"other", moving_ramp(3, 1)}});
    fs::copy_file(place("good"), place("cut"));
    fs::resize_file(place("cut"), fs::file_size(place("cut")) / 2);
    std::ofstream(place("none")) << "no archive";
    const auto dataset = open_dominance(folder.path());
    CHECK(dataset->size() == 3);
    CHECK(dataset->faults().size() == reasons.size());
    for (const Fault& fault : dataset->faults()) {
      const auto reason = reasons.find(fs::path(fault.where).stem());
      REQUIRE(reason != reasons.end());
      tests::check_contains(fault.what, reason->second);
      CHECK(!fault.cure.empty());
    }
  }

  TEST_CASE("damage and values that are no grey are found when a frame is read") {
    const tests::TemporaryFolder folder;
    const fs::path file = run_in(folder.path(), "Study1", "LCA", "a");
    write_npz(file, {{"pixel_array", moving_ramp(3, 1)}});
    {
      std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
      bytes.seekp(600);
      bytes.put('!');
    }
    std::vector<double> values(256, 7);
    values[100] = 256;
    write_npz(run_in(folder.path(), "Study1", "LCA", "b"),
              {{"pixel_array", npy_file(describe("<u2", "(16, 16)"), as_bytes<std::uint16_t>(values))}});
    const auto dataset = open_dominance(folder.path());
    REQUIRE(dataset->size() == 4);
    const auto error = [&](std::int64_t index) -> std::string {
      try {
        dataset->record(index);
      } catch (const DataError& fault) {
        return fault.what();
      }
      return "none";
    };
    tests::check_contains(error(0), "a.npz: its member `pixel_array` is damaged");
    tests::check_contains(error(3), "b.npz: frame 0 of its `pixel_array` holds 256");
  }

  TEST_CASE("stride, artery, and near duplicates") {
    const tests::TemporaryFolder folder;
    write_npz(run_in(folder.path(), "Study1", "LCA", "still"), {{"pixel_array", moving_ramp(9, 0)}});
    write_npz(run_in(folder.path(), "Study1", "RCA", "moving"), {{"pixel_array", moving_ramp(9, 2)}});
    CHECK(open_dominance(folder.path())->size() == 18);
    CHECK(open_dominance(folder.path(), "artery = \"RCA\"")->size() == 9);
    const auto sparse = open_dominance(folder.path(), "stride = 4");
    CHECK(sparse->size() == 6);
    CHECK(sparse->id(2).frame == 8);
    CHECK(sparse->notes().size() == 1);  // the angles are not stated
    const auto distinct = open_dominance(folder.path(), "near_duplicates = \"drop\"");
    CHECK(distinct->size() == 10);
    CHECK(distinct->id(0).frame == 0);
    tests::check_contains(distinct->notes().front(), "8 of 18 frames are near duplicates");
    CHECK(open_dominance(folder.path(), "near_duplicates = \"drop\"\nthreshold = 255")->size() == 2);
    CHECK(open_dominance(folder.path(), "near_duplicates = \"drop\"\nthreshold = 0")->size() == 18);
  }
}
