#include "test_files.hpp"
#include "weights/writers.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>
#include <cmath>
#include <limits>
#include <random>

using namespace vaso;
using namespace vaso::weights;

namespace {

struct Folder : tests::TemporaryFolder {
  WeightFile open(std::string_view content) const {
    // In memory: thousands of files would keep a disk busy for a minute.
    struct Descriptor {
      int value = ::memfd_create("weights", MFD_CLOEXEC);
      ~Descriptor() { ::close(value); }
    } const descriptor;
    REQUIRE(::write(descriptor.value, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    return open_weights(fmt::format("/proc/self/fd/{}", descriptor.value));
  }
  // What the file is refused with; "" where it is not.
  std::string refusal(std::string_view content) const {
    try {
      open(content);
      return "";
    } catch (const WeightFileError& error) {
      return error.what();
    }
  }
};

const Tensor& named(const WeightFile& file, const std::string& full_name) {
  for (const Tensor& tensor : file.tensors) {
    if (tensor.full_name() == full_name) return tensor;
  }
  FAIL("no tensor " << full_name);
  return file.tensors.front();
}

using Floats = std::vector<float>;

// Written by torch.save of PyTorch 1.13: `test_checkpoints.py samples`.
std::filesystem::path sample(const std::string& name) {
  return tests::source_dir() / "registry/weights/testdata" / name;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

#define CHECK_REFUSED(content, part)           \
  do {                                         \
    const std::string said = refusal(content); \
    INFO(said);                                \
    CHECK(has(said, part));                    \
  } while (false)

TEST_SUITE("unit") {
  TEST_CASE_FIXTURE(Folder,
                    "what torch.save wrote is read, zip and legacy: types, strides, offsets, settings beside it") {
    for (const std::string name : {"zip.pth", "legacy.pth"}) {
      CAPTURE(name);
      const WeightFile file = open_weights(sample(name));
      CHECK(file.tensors.size() == 18);
      CHECK(to_floats(named(file, "model: f32")) == Floats{0, 1, 2, 3, 4, 5});
      CHECK(named(file, "model: transposed").shape == Shape{3, 2});
      CHECK(to_floats(named(file, "model: transposed")) == Floats{0, 3, 1, 4, 2, 5});
      CHECK(named(file, "model: transposed").data.data() == named(file, "model: f32").data.data());
      CHECK(to_floats(named(file, "model: tail")) == Floats{3, 4, 5});
      for (const std::string type : {"f64", "f16", "bf16", "i64", "i32", "i16", "i8", "u8"}) {
        CAPTURE(type);
        CHECK(to_floats(named(file, "model: " + type)) == Floats{0, 1, 3});
      }
      CHECK(to_floats(named(file, "model: bool")) == Floats{0, 1, 1});
      CHECK(to_floats(named(file, "model: scalar")) == Floats{7.5f});
      CHECK(named(file, "model: empty").count() == 0);
      CHECK(to_floats(named(file, "model: parameter")) == Floats{1, 1});
      CHECK(to_floats(named(file, "nested/deep: 1")) == Floats{2});
      CHECK(to_floats(named(file, "5")) == Floats{5});
      CHECK(file.metadata.at("args/model") == "mae");
      CHECK(file.metadata.at("epoch") == "3");
      CHECK(file.metadata.at("lr") == "0.001");
      CHECK(file.metadata.at("big") == "1099511627776");
    }
  }

  TEST_CASE_FIXTURE(Folder, "half and bfloat16 become the same numbers in float32") {
    const Floats halves = to_floats(named(
        open(safetensors(R"({"a":{"dtype":"F16","shape":[6],"data_offsets":[0,12]}})",
                         raw<std::uint16_t>(0x3c00) + raw<std::uint16_t>(0xfbff) + raw<std::uint16_t>(0x0001) +
                             raw<std::uint16_t>(0x83ff) + raw<std::uint16_t>(0x7c00) + raw<std::uint16_t>(0x7e00))),
        "a"));
    CHECK(halves[0] == 1.0f);
    CHECK(halves[1] == -65504.0f);
    CHECK(halves[2] == 0x1p-24f);       // the least subnormal
    CHECK(halves[3] == -0x1.ff8p-15f);  // the greatest
    CHECK(halves[4] == std::numeric_limits<float>::infinity());
    CHECK(std::isnan(halves[5]));
    const Floats brains = to_floats(named(open(safetensors(R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})",
                                                           raw<std::uint16_t>(0x3f80) + raw<std::uint16_t>(0xc049))),
                                          "a"));
    CHECK(brains == Floats{1.0f, -3.140625f});
  }

  TEST_CASE_FIXTURE(Folder, "lying safetensors headers are refused with the tensor and the reason") {
    const auto one = [](const char* rest) { return std::string(R"({"a":)") + rest + "}"; };
    const std::string eight(8, 'x');
    CHECK(refusal(safetensors(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), eight)).empty());
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"), eight), "needs 12 bytes");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"), eight),
                  "bytes 4 to 12 of 8");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), eight), "truncated");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,8]})"), eight),
                  "larger than any memory");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[0,1152921504606846976,64],"data_offsets":[0,0]})")),
                  "larger than any memory");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), eight), "whole number");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F7","shape":[2],"data_offsets":[0,8]})"), eight), "F7");
    CHECK_REFUSED(safetensors(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), eight), "belong to none");
    CHECK_REFUSED(safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                              R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                              eight),
                  "\"b\" begins at byte 4 of the data and overlaps the one before it, which ends at 8");
    CHECK_REFUSED(safetensors(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                              R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                              eight),
                  "two tensors are named \"a\"");
    CHECK_REFUSED(safetensors(R"({"a\u001b[31m":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight),
                  "control characters");
    CHECK_REFUSED(safetensors(R"({"__metadata__":{"a":1}})"), "is no text");
    CHECK_REFUSED(safetensors("{" + std::string(1'000'000, '[')), "");
    CHECK_REFUSED(safetensors(R"({"a":)" + std::string(1'000'000, '[')), "nests deeper");
    CHECK_REFUSED(raw<std::uint64_t>(1u << 30) + "{}", "announces a header");
  }

  TEST_CASE_FIXTURE(Folder, "what is no file of weights is named") {
    CHECK_REFUSED("", "is empty");
    CHECK_REFUSED("version https://git-lfs.github.com/spec/v1\n", "git lfs pull");
    CHECK_REFUSED("<!DOCTYPE html>", "web page");
    CHECK_REFUSED("some text", "neither safetensors nor");
    CHECK_REFUSED("PK\x03\x04 and nothing more", "no end record");
    CHECK_REFUSED("\x80\x04\x95 a pickle of something else", "");
    CHECK_THROWS_WITH_AS(open_weights(path()), doctest::Contains("no regular file"), WeightFileError);
    CHECK_THROWS_WITH_AS(open_weights(path() / "none"), doctest::Contains("cannot be opened"), WeightFileError);
  }

  TEST_CASE_FIXTURE(Folder, "a pickle that would run something is refused, and nothing is run") {
    const auto victim = path() / "victim";
    const std::string command = "touch " + victim.string();
    const std::string call =
        "cposix\nsystem\nX" + raw<std::uint32_t>(static_cast<std::uint32_t>(command.size())) + command + "\x85R";
    CHECK_REFUSED(legacy_file(call), "posix.system");
    CHECK_REFUSED(legacy_file(call), "do not open the file with torch.load");
    CHECK_REFUSED(legacy_file(call), "byte 27");
    CHECK_FALSE(std::filesystem::exists(victim));
    CHECK_REFUSED(legacy_file("cbuiltins\neval\n"), "builtins.eval");
    CHECK_REFUSED(legacy_file("\x8c\x02os\x8c\x06system\x93"), "os.system");  // STACK_GLOBAL
    CHECK_REFUSED(legacy_file("cmodels.vit\nViT\n"), "state_dict");
    CHECK_REFUSED(legacy_file("ctorch._utils\n_rebuild_qtensor\n"), "quantised");
    CHECK_REFUSED(legacy_file("ctorch\nComplexFloatStorage\n"), "not read here");
    CHECK_REFUSED(legacy_file("(iposix\nsystem\n"), "opcode 0x69");  // INST, of protocol 0
  }

  TEST_CASE_FIXTURE(Folder, "tensors that reach beyond their storage are refused") {
    const auto tensor = [&](const char* elements, const char* offset, const std::string& sizes,
                            const std::string& strides) {
      return legacy_file("}U\x01w" + tensor_pickle(elements, offset, sizes, strides) + "s");
    };
    const std::string huge = "\x8a\x08" + raw<std::int64_t>(std::int64_t{1} << 60), negative = "J" + raw(-1);
    CHECK(refusal(tensor("K\x04", "K\x01", "K\x03", "K\x01")).empty());
    CHECK_REFUSED(tensor("K\x04", "K\x02", "K\x03", "K\x01"), "do not lie in its storage");
    CHECK_REFUSED(tensor("K\x04", "K\x01", huge, "K\x01"), "larger than any memory");
    CHECK_REFUSED(tensor("K\x04", "K\x01", huge + huge, "K\x01K\x01"), "larger than any memory");
    CHECK_REFUSED(tensor("K\x04", "K\x01", "K\x02", huge), "do not lie in its storage");
    CHECK_REFUSED(tensor("K\x04", "K\x01", "K\x02", negative), "its shape or strides");
    CHECK_REFUSED(tensor("K\x04", negative.c_str(), "K\x01", "K\x01"), "do not lie in its storage");
    CHECK_REFUSED(tensor("K\x05", "K\x01", "K\x01", "K\x01"), "should have 5 elements");
    CHECK_REFUSED(tensor("K\x04", "K\x01", "K\x09", std::string("K\x00", 2)), "expanded tensor");
    std::string cut = tensor("K\x04", "K\x01", "K\x03", "K\x01");
    cut.resize(cut.size() - 1);
    CHECK_REFUSED(cut, "truncated");
    cut.replace(cut.size() - 23, 8, raw(std::numeric_limits<std::uint64_t>::max()));
    CHECK_REFUSED(cut, "should have 18446744073709551615 elements");
  }

  TEST_CASE_FIXTURE(Folder, "pickles that grow without bound are refused") {
    CHECK_REFUSED(legacy_file("]q\x01h\x01"
                              "a"),
                  "contains itself");
    std::string bomb = "]";  // each list holds the one before it ten times
    for (int i = 0; i < 24; ++i)
      bomb += "q\x01]" + [] {
        std::string tens;
        for (int j = 0; j < 10; ++j)
          tens +=
              "h\x01"
              "a";
        return tens;
      }();
    CHECK_REFUSED(legacy_file("}U\x01wK\x01s" + bomb + "\x86"), "refers to the same values");
    CHECK_REFUSED(legacy_file(std::string(5'000'000, ']')), "more than 4194304 values");
    // A long dictionary, given to one Namespace after the other.
    std::string copies = "}q\x01(";
    for (int i = 0; i < 20'000; ++i) copies += "NN";
    copies += "u";
    for (int i = 0; i < 2'000; ++i)
      copies +=
          "cargparse\nNamespace\n)\x81h\x01"
          "b";
    CHECK_REFUSED(legacy_file(copies), "copies more than");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "]";
    for (int i = 0; i < 99'999; ++i) deep += "a";
    CHECK_REFUSED(legacy_file(deep), "nests deeper");
    CHECK_REFUSED(legacy_file("X\xff\xff\xff\xff"), "ends in the middle");
    CHECK_REFUSED(legacy_file("h\x07"), "which it has not made");
    CHECK_REFUSED(legacy_file("t"), "has not begun");
    CHECK_REFUSED(legacy_file("(NR"), "has not made");
    CHECK_REFUSED(legacy_file("NNR"), "no function");
  }

  TEST_CASE("what the fuzzers start from, and what they found, is read or refused") {
    std::size_t read = 0, refused = 0;
    for (const char* kind : {"safetensors", "checkpoint"}) {
      for (const auto& seed : std::filesystem::directory_iterator(tests::source_dir() / "tests/fuzz/seeds" / kind)) {
        CAPTURE(seed.path().string());
        try {
          for (const Tensor& tensor : open_weights(seed.path()).tensors) to_floats(tensor);
          ++read;
        } catch (const WeightFileError& error) {
          CHECK(std::string(error.what()).size() > seed.path().string().size());
          ++refused;
        }
      }
    }
    CHECK(read >= 4);
    MESSAGE(read << " read, " << refused << " refused");
  }

  TEST_CASE_FIXTURE(Folder, "what is written is read again to the bit") {
    const std::vector<NamedValues> tensors = {{"w",
                                               {2, 2},
                                               [] {
                                                 return Floats{1, -2, 3.5f, 0x1p-140f};
                                               }},
                                              {"b", {}, [] { return Floats{9}; }}};
    write_safetensors(path() / "a.safetensors", tensors, {{"format", "pt"}});
    const WeightFile plain = open_weights(path() / "a.safetensors");
    CHECK(plain.metadata.at("format") == "pt");
    CHECK(to_floats(named(plain, "w")) == Floats{1, -2, 3.5f, 0x1p-140f});
    CHECK(named(plain, "b").shape.empty());
    write_torch_zip(path() / "a.pth", "model", tensors);
    const WeightFile torch = open_weights(path() / "a.pth");
    CHECK(torch.format == "PyTorch zip");
    CHECK(to_floats(named(torch, "model: w")) == Floats{1, -2, 3.5f, 0x1p-140f});
    CHECK(to_floats(named(torch, "model: b")) == Floats{9});
    CHECK_THROWS_AS(write_safetensors("/dev/null/a.safetensors", tensors, {}), WeightFileError);
  }

  // Whatever becomes of a file on its way: it is read or refused, and nothing else happens.
  TEST_CASE_FIXTURE(Folder, "thousands of damaged files are read or refused") {
    write_safetensors(path() / "a.safetensors",
                      {{"w",
                        {2, 2},
                        [] {
                          return Floats{1, 2, 3, 4};
                        }},
                       {"b",
                        {3},
                        [] {
                          return Floats{1, 2, 3};
                        }}},
                      {{"format", "pt"}});
    const std::vector<std::string> originals = {content_of(path() / "a.safetensors"), content_of(sample("zip.pth")),
                                                content_of(sample("legacy.pth"))};
    std::mt19937 random(7);
    const auto below = [&](std::size_t count) {
      return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
    };
    std::size_t refused = 0, read = 0, finite = 0;
    for (const std::string& original : originals) {
      for (int trial = 0; trial < 1500; ++trial) {
        std::string content = original;
        for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
          const std::size_t at = below(content.size());
          switch (below(5)) {
            case 0:
              content[at] = static_cast<char>(below(256));
              break;
            case 1:
              content[at] = static_cast<char>(content[at] ^ (1 << below(8)));
              break;
            case 2:
              content.insert(at, content.substr(below(content.size()), below(40)));
              break;
            case 3:
              content.erase(at, below(40));
              break;
            default:  // numbers at the edges of their types
              const std::uint64_t edges[] = {0, 1, 0x7fffffff, 0xffffffff, ~std::uint64_t{0}, std::uint64_t{1} << 63};
              content.replace(at, 8, raw(edges[below(std::size(edges))]));
          }
          if (content.empty()) content = "x";
        }
        try {
          double sum = 0;
          const WeightFile file = open(content);
          for (const Tensor& tensor : file.tensors) {
            for (const float value : to_floats(tensor)) sum += value;
          }
          finite += std::isfinite(sum) ? 1 : 0;
          ++read;
        } catch (const WeightFileError&) {
          ++refused;
        }
      }
    }
    MESSAGE(read << " read, " << refused << " refused");
    CHECK(finite > 100);  // most of what is read differs in a value
    CHECK(refused > 1000);
    for (const std::string& original : originals) {  // cut off anywhere
      for (std::size_t length = 0; length < original.size(); ++length)
        CHECK_MESSAGE(!refusal(std::string_view(original).substr(0, length)).empty(), length << " bytes were taken");
    }
  }
}
