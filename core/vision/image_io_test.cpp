#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

using namespace vaso;
using namespace vaso::vision;
namespace fs = std::filesystem;

namespace {

std::vector<std::uint8_t> encode(const char* extension, const cv::Mat& image) {
  std::vector<std::uint8_t> bytes;
  REQUIRE(cv::imencode(extension, image, bytes));
  return bytes;
}

fs::path save(const fs::path& file, const std::vector<std::uint8_t>& bytes) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return file;
}
fs::path save(const fs::path& file, const std::string& text) {
  return save(file, std::vector<std::uint8_t>(text.begin(), text.end()));
}

// A horizontal ramp, height 20, width 24.
cv::Mat ramp(int type, int step) {
  cv::Mat image(20, 24, type);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      for (int c = 0; c < image.channels(); ++c) {
        if (image.depth() == CV_8U)
          image.ptr<std::uint8_t>(y)[x * image.channels() + c] = static_cast<std::uint8_t>(x * step);
        else
          image.ptr<std::uint16_t>(y)[x * image.channels() + c] = static_cast<std::uint16_t>(x * step);
      }
    }
  }
  return image;
}

std::string fault_of(const fs::path& file) {
  try {
    read_grey(file);
  } catch (const DataError& error) {
    CHECK(error.fault().where == file.string());
    CHECK_FALSE(error.fault().cure.empty());
    return error.fault().what;
  }
  return "none";
}

bool says(const fs::path& file, const std::string& words) {
  const std::string fault = fault_of(file);
  CAPTURE(fault);
  CHECK(fault.find(words) != std::string::npos);
  return fault.find(words) != std::string::npos;
}

void append_chunk(std::vector<std::uint8_t>& png, const std::string& type, const std::string& data) {
  const std::size_t size = data.size();
  std::string chunk{static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                    static_cast<char>(size)};
  chunk += type + data + std::string(4, '\0');               // the check sum of an ancillary chunk is not read
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());  // behind IHDR
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("every format gives the same grey values") {
    const tests::TemporaryFolder folder;
    const cv::Mat image = ramp(CV_8UC1, 10);
    for (const char* extension : {".png", ".bmp", ".tiff", ".pgm"}) {
      CAPTURE(extension);
      const GreyImage grey =
          read_grey(save(folder.path() / ("ramp" + std::string(extension)), encode(extension, image)));
      CHECK(grey.height == 20);
      CHECK(grey.width == 24);
      CHECK(grey.at(7, 23) == 230);
      CHECK(grey.at(0, 1) == 10);
    }
    const GreyImage lossy = read_grey(save(folder.path() / "ramp.jpg", encode(".jpg", image)));
    CHECK(std::abs(lossy.at(7, 12) - 120) < 6);
  }

  TEST_CASE("the content decides on the format, not the name") {
    const tests::TemporaryFolder folder;
    CHECK(read_grey(save(folder.path() / "really_a_bitmap.png", encode(".bmp", ramp(CV_8UC1, 10)))).at(0, 2) == 20);
  }

  TEST_CASE("colour: equal channels give themselves, others luma; alpha is ignored") {
    const tests::TemporaryFolder folder;
    CHECK(read_grey(save(folder.path() / "rgb.png", encode(".png", ramp(CV_8UC3, 10)))).at(3, 17) == 170);
    CHECK(read_grey(save(folder.path() / "rgba.png", encode(".png", ramp(CV_8UC4, 10)))).at(3, 17) == 170);
    CHECK(read_grey(save(folder.path() / "rgb16.png", encode(".png", ramp(CV_16UC3, 2800)))).at(3, 17) ==
          17 * 2800 / 257);
    const cv::Mat orange(20, 20, CV_8UC3, cv::Scalar(10, 120, 240));  // blue, green, red
    CHECK(read_grey(save(folder.path() / "orange.png", encode(".png", orange))).at(0, 0) ==
          143);  // 0.299·240 + 0.587·120 + 0.114·10
  }

  TEST_CASE("16 bit is scaled by the depth in use") {
    const tests::TemporaryFolder folder;
    const auto last = [&](int step) {
      return read_grey(save(folder.path() / "deep.png", encode(".png", ramp(CV_16UC1, step)))).at(0, 23);
    };
    CHECK(last(2800) == 251);  // 64,400 of 65,535
    CHECK(last(170) == 243);   // 3,910 of 4,095
    CHECK(last(40) == 229);    // 920 of 1,023
    CHECK(last(10) == 230);    // 230 of 255
    const auto tiff = encode(".tiff", ramp(CV_16UC1, 170));
    CHECK(read_grey(save(folder.path() / "deep.tiff", tiff)).at(0, 23) == 243);
  }

  TEST_CASE("PNG's sBIT chunk says that 16 bit are in full use") {
    const tests::TemporaryFolder folder;
    auto png = encode(".png", ramp(CV_16UC1, 170));
    append_chunk(png, "sBIT", std::string(1, 12));
    CHECK(read_grey(save(folder.path() / "stated.png", png)).at(0, 23) == 15);  // 3,910 / 257
  }

  TEST_CASE("a damaged comment harms nobody") {
    const tests::TemporaryFolder folder;
    auto png = encode(".png", ramp(CV_8UC1, 10));
    append_chunk(png, "iCCP", "nonsense");
    CHECK(read_grey(save(folder.path() / "profile.png", png)).at(0, 5) == 50);
  }

  TEST_CASE("ASCII and raw PGM, with comments and their own white") {
    const tests::TemporaryFolder folder;
    std::string ascii = "P2\n# made by hand\n8 8\n100\n";
    for (int i = 0; i < 64; ++i) ascii += std::to_string(i) + (i % 8 == 7 ? "\n" : " ");
    CHECK(read_grey(save(folder.path() / "a.pgm", ascii)).at(6, 2) == 128);  // 50 of 100
    std::string raw = "P5 8 8 4095\n";
    for (int i = 0; i < 64; ++i) raw += {static_cast<char>(i * 64 >> 8), static_cast<char>(i * 64)};
    CHECK(read_grey(save(folder.path() / "r.pgm", raw)).at(4, 0) == 128);  // 2,048 of 4,095
    CHECK(says(save(folder.path() / "t.pgm", raw.substr(0, 100)), "truncated"));
    CHECK(says(save(folder.path() / "s.pgm", ascii.substr(0, 60)), "truncated"));
    CHECK(says(save(folder.path() / "m.pgm", std::string("P2 8 8 10\n") + std::string(64, '9') + " "), "too large"));
  }

  TEST_CASE("truncated files are refused in every format, wherever they end") {
    const tests::TemporaryFolder folder;
    cv::Mat noisy(64, 64, CV_8UC1);
    cv::randu(noisy, 0, 256);
    for (const char* extension : {".png", ".jpg", ".bmp", ".tiff"}) {
      const auto whole = encode(extension, noisy);
      for (const double share : {0.2, 0.5, 0.9, 0.999}) {
        CAPTURE(extension);
        CAPTURE(share);
        const auto keep = static_cast<std::ptrdiff_t>(share * static_cast<double>(whole.size()));
        CHECK(says(save(folder.path() / "cut", std::vector<std::uint8_t>(whole.begin(), whole.begin() + keep)),
                   "truncated"));
      }
    }
  }

  TEST_CASE("a flipped bit in a PNG's pixels is found") {
    const tests::TemporaryFolder folder;
    auto png = encode(".png", ramp(CV_8UC1, 10));
    png[png.size() / 2] ^= 0x10;
    CHECK(says(save(folder.path() / "flipped.png", png), "damaged"));
  }

  TEST_CASE("files that are no images") {
    const tests::TemporaryFolder folder;
    CHECK(says(save(folder.path() / "empty.png", std::string()), "empty (0 bytes)"));
    CHECK(says(save(folder.path() / "text.png", std::string("not an image")), "is no PNG"));
    CHECK(says(folder.path() / "nowhere.png", "does not exist"));
    fs::create_directory(folder.path() / "folder.png");
    CHECK(says(folder.path() / "folder.png", "no regular file"));
    fs::create_symlink(folder.path() / "gone", folder.path() / "link.png");
    CHECK(says(folder.path() / "link.png", "does not exist"));
    REQUIRE(::mkfifo((folder.path() / "pipe.png").c_str(), 0600) == 0);
    CHECK(says(folder.path() / "pipe.png", "no regular file"));  // and it does not wait for a writer
  }

  TEST_CASE("a file that cannot be read") {
    // Root may read everything, so permissions cannot be tested everywhere; a process may never read this one at
    // address 0.
    if (fs::exists("/proc/self/mem")) CHECK(fault_of("/proc/self/mem") != "none");
  }

  TEST_CASE("images too small or too large") {
    const tests::TemporaryFolder folder;
    CHECK(says(save(folder.path() / "small.png", encode(".png", cv::Mat(7, 40, CV_8UC1, cv::Scalar(9)))), "40×7"));
    CHECK(
        read_grey(save(folder.path() / "least.png", encode(".png", cv::Mat(8, 8, CV_8UC1, cv::Scalar(9))))).at(7, 7) ==
        9);
    CHECK(says(save(folder.path() / "wide.png", encode(".png", cv::Mat(8, 17000, CV_8UC1, cv::Scalar(9)))),
               "larger than 16384"));
  }

  TEST_CASE("names of images") {
    for (const char* name : {"a.png", "a.PNG", "a.b.Jpeg", "x.TIF", "x.tiff", "x.bmp", "x.pgm", "x.JPG"})
      CHECK(has_image_extension(name));
    for (const char* name : {"a.txt", "png", "a.png.bak", "a.xml", "a"}) CHECK_FALSE(has_image_extension(name));
  }

  TEST_CASE("what was written is read back, and a folder that is not there is an error") {
    const tests::TemporaryFolder folder;
    GreyImage grey(9, 11, 5);
    grey.at(3, 4) = 200;
    write_png(folder.path() / "grey.png", grey);
    CHECK(read_grey(folder.path() / "grey.png").pixels == grey.pixels);
    ColourImage red(8, 8, {255, 0, 0});
    write_png(folder.path() / "red.png", red);
    CHECK(read_grey(folder.path() / "red.png").at(0, 0) == 76);  // 0.299·255
    CHECK_THROWS_AS(write_png(folder.path() / "no" / "x.png", grey), DataError);
  }

  TEST_CASE("a real ASCII PGM decodes") {
    const fs::path file = tests::data_dir() / "dca1" / "1.pgm";
    if (fs::exists(file)) {
      CHECK(read_grey(file).width == 300);
    } else {
      MESSAGE("skipped: no " << file.string());
    }
  }
}
