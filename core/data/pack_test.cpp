#include "data/pack.hpp"

#include "support/memory_dataset.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>

using namespace vaso;
using namespace vaso::data;
namespace fs = std::filesystem;

namespace {

PackRequest request_for(const Dataset& dataset, int threads = 2) {
  PackRequest request;
  request.dataset = &dataset;
  request.threads = threads;
  request.fingerprint = "print";
  request.extra.push_back(
      {"guidance.bright", [](const Record& record) { return (record.image > 100).to(at::kByte).mul(255); }});
  return request;
}

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const fs::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

std::int64_t files_in(const fs::path& folder) { return std::distance(fs::directory_iterator(folder), {}); }

template <class Action>
std::string fault_of(Action action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  }
  return "none";
}

bool contains(const std::string& text, const std::string& words) {
  CAPTURE(text);
  CHECK(text.find(words) != std::string::npos);
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a pack holds what was packed") {
    const tests::TemporaryFolder folder;
    const tests::MemoryDataset dataset(9);
    REQUIRE(write_pack(folder.path() / "a.pack", request_for(dataset)));
    const Pack pack(folder.path() / "a.pack", true);
    REQUIRE(pack.size() == 9);
    CHECK(pack.maps() == std::vector<std::string>{"filter", "guidance.bright"});
    CHECK(pack.fingerprint() == "print");
    CHECK(pack.id(3).name == "ramp-3");
    CHECK(pack.id(3).source == "odd");
    CHECK(pack.id(5).patient == "p1");
    CHECK(pack.id(5).frame == 5);
    for (std::int64_t i = 0; i < 9; ++i) {
      const Record& record = dataset.records[static_cast<std::size_t>(i)];
      const Plane image = pack.image(i);
      REQUIRE(image.height == record.image.size(0));
      REQUIRE(image.width == record.image.size(1));
      CHECK(reinterpret_cast<std::uintptr_t>(image.pixels) % 64 == 0);
      const auto bytes = static_cast<std::size_t>(record.image.numel());
      CHECK(std::memcmp(image.pixels, record.image.contiguous().data_ptr(), bytes) == 0);
      CHECK(std::memcmp(pack.map(i, "filter").pixels, record.maps.at("filter").contiguous().data_ptr(), bytes) == 0);
      CHECK(pack.map(i, "guidance.bright").pixels[bytes - 1] == (image.pixels[bytes - 1] > 100 ? 255 : 0));
    }
    CHECK_THROWS_AS(pack.map(0, "vessel"), std::out_of_range);
    CHECK_THROWS_AS(pack.image(9), std::out_of_range);
    CHECK(files_in(folder.path()) == 1);  // no temporary file stays
  }

  TEST_CASE("the same data makes the same bytes on any number of threads") {
    const tests::TemporaryFolder folder;
    const tests::MemoryDataset dataset(20);
    write_pack(folder.path() / "one.pack", request_for(dataset, 1));
    write_pack(folder.path() / "many.pack", request_for(dataset, 5));
    CHECK(content(folder.path() / "one.pack") == content(folder.path() / "many.pack"));
  }

  TEST_CASE("a limit takes the first records") {
    const tests::TemporaryFolder folder;
    const tests::MemoryDataset dataset(9);
    PackRequest request = request_for(dataset);
    request.limit = 4;
    std::int64_t last = 0;
    request.progress = [&](std::int64_t done, std::int64_t total) {
      CHECK(total == 4);
      CHECK(done == ++last);
    };
    write_pack(folder.path() / "a.pack", request);
    CHECK(Pack(folder.path() / "a.pack").size() == 4);
  }

  TEST_CASE("every fault is reported, and no pack is made") {
    const tests::TemporaryFolder folder;
    tests::MemoryDataset dataset(40);
    dataset.broken = {2, 17};
    dataset.records[5].maps["filter"] = at::zeros({3, 3}, at::kByte);
    dataset.records[6].maps.clear();
    const std::string fault = fault_of([&] { write_pack(folder.path() / "a.pack", request_for(dataset)); });
    CHECK(contains(fault, "4 of 40 records"));
    CHECK(contains(fault, "ramp-2: is broken"));
    CHECK(contains(fault, "ramp-17"));
    CHECK(contains(fault, "`filter` is 3×3, the image 50×42"));
    CHECK(contains(fault, "`filter` is missing"));
    CHECK(files_in(folder.path()) == 0);
  }

  TEST_CASE("one fault keeps its own words, many are counted") {
    const tests::TemporaryFolder folder;
    tests::MemoryDataset dataset(60);
    dataset.broken = {7};
    CHECK(contains(fault_of([&] { write_pack(folder.path() / "a.pack", request_for(dataset)); }),
                   "ramp-7: is broken\n  mend it"));
    for (std::int64_t i = 0; i < 50; ++i) dataset.broken.push_back(i);
    CHECK(contains(fault_of([&] { write_pack(folder.path() / "a.pack", request_for(dataset)); }), "and 30 more"));
  }

  TEST_CASE("a map that throws is a fault of its record") {
    const tests::TemporaryFolder folder;
    const tests::MemoryDataset dataset(3);
    PackRequest request = request_for(dataset);
    request.extra.push_back({"bad", [](const Record&) -> at::Tensor { throw std::runtime_error("no such luck"); }});
    CHECK(contains(fault_of([&] { write_pack(folder.path() / "a.pack", request); }), "no such luck"));
  }

  TEST_CASE("a full disk leaves the old pack and nothing else") {
    const tests::TemporaryFolder folder;
    const fs::path file = folder.path() / "a.pack";
    write_pack(file, request_for(tests::MemoryDataset(3)));
    const std::string before = content(file);
    // A limit on file size stands for the full disk: write() fails in the same way.
    rlimit old{};
    ::getrlimit(RLIMIT_FSIZE, &old);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{20'000, old.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const tests::MemoryDataset large(200);
    const std::string fault = fault_of([&] { write_pack(file, request_for(large)); });
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    CHECK(contains(fault, "cannot be written"));
    CHECK(contains(fault, "make room"));
    CHECK(content(file) == before);
    CHECK(files_in(folder.path()) == 1);
  }

  TEST_CASE("a folder that is not there") {
    const tests::MemoryDataset dataset(2);
    CHECK(contains(fault_of([&] { write_pack("/nowhere/at/all/a.pack", request_for(dataset)); }), "cannot be created"));
  }

  TEST_CASE("a stopped pack goes on where it was, and is the same in the end") {
    const tests::TemporaryFolder folder;
    const fs::path file = folder.path() / "a.pack", log = folder.path() / "a.pack.unfinished.log";
    const tests::MemoryDataset dataset(50);
    write_pack(folder.path() / "whole.pack", request_for(dataset));
    const auto stop_after = [&](int records) {
      PackRequest request = request_for(dataset);
      std::atomic<int> asked = 0;
      const std::function<bool()> cancelled = [&] { return ++asked > records; };
      request.cancelled = &cancelled;
      CHECK_FALSE(write_pack(file, request));
      CHECK_FALSE(fs::exists(file));
    };
    std::vector<std::int64_t> steps;
    PackRequest last = request_for(dataset);
    last.progress = [&](std::int64_t done, std::int64_t) { steps.push_back(done); };
    SUBCASE("as it stopped") {
      stop_after(5);
      stop_after(7);
      write_pack(file, last);
      CHECK(steps.front() == 13);
    }
    SUBCASE("killed in the middle of a record, or of its line in the log") {
      stop_after(12);
      const std::string planes = content(file.string() + ".unfinished");
      overwrite(file.string() + ".unfinished", planes.substr(0, planes.size() - 100));
      write_pack(file, last);
      CHECK(steps.front() == 12);
      fs::remove(file);
      steps.clear();
      stop_after(12);
      const std::string lines = content(log);
      overwrite(log, lines.substr(0, lines.size() - 10));
      write_pack(file, last);
      CHECK(steps.front() == 12);
    }
    SUBCASE("damaged") {
      stop_after(12);
      std::string planes = content(file.string() + ".unfinished");
      planes[planes.size() / 2] ^= 1;
      overwrite(file.string() + ".unfinished", planes);
      write_pack(file, last);
      CHECK(steps.front() > 1);
      CHECK(steps.front() < 12);
    }
    SUBCASE("of other data") {
      stop_after(12);
      PackRequest other = last;
      other.fingerprint = "other";
      write_pack(file, other);
      CHECK(steps.front() == 1);
      CHECK(Pack(file, true).size() == 50);
      fs::remove(file);
      write_pack(file, last);
    }
    SUBCASE("while another process is at it") {
      stop_after(12);
      const int other = ::open((file.string() + ".unfinished").c_str(), O_RDWR);
      REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
      write_pack(file, last);
      CHECK(steps.front() == 1);
      ::close(other);
      fs::remove(file.string() + ".unfinished");
      fs::remove(log);
    }
    CHECK(content(file) == content(folder.path() / "whole.pack"));
    CHECK(files_in(folder.path()) == 2);
  }

  TEST_CASE("without a fingerprint, stopping leaves nothing behind") {
    const tests::TemporaryFolder folder;
    const tests::MemoryDataset dataset(50);
    PackRequest request = request_for(dataset);
    request.fingerprint.clear();
    std::atomic<int> asked = 0;
    const std::function<bool()> cancelled = [&] { return ++asked > 5; };
    request.cancelled = &cancelled;
    CHECK_FALSE(write_pack(folder.path() / "a.pack", request));
    CHECK(asked == 6);
    CHECK(files_in(folder.path()) == 0);
  }

  TEST_CASE("packs that are not whole are refused") {
    const tests::TemporaryFolder folder;
    const fs::path good = folder.path() / "good.pack", bad = folder.path() / "bad.pack";
    write_pack(good, request_for(tests::MemoryDataset(6)));
    const std::string bytes = content(good);
    const auto fault = [&](const std::string& changed, bool digest = false) {
      overwrite(bad, changed);
      return fault_of([&] { Pack(bad, digest); });
    };
    CHECK(contains(fault(bytes.substr(0, bytes.size() - 1)), "is truncated"));
    CHECK(contains(fault(bytes.substr(0, 5000)), "is truncated"));
    CHECK(contains(fault(bytes + "x"), "appended"));
    CHECK(contains(fault(bytes.substr(0, 30)), "is no pack"));
    CHECK(contains(fault(""), "empty"));
    CHECK(contains(fault("something else entirely, and longer than a header would be by some bytes"), "is no pack"));
    std::string index = bytes;
    index[index.size() - 20] ^= 1;
    CHECK(contains(fault(index), "digest of its index"));
    std::string format = bytes;
    format[8] = 9;
    CHECK(contains(fault(format), "pack format 9"));
    std::string pixel = bytes;
    pixel[64 + 6500 * 2] ^= 1;
    CHECK(fault(pixel) == "none");  // found when asked for
    CHECK(contains(fault(pixel, true), "do not match their digest"));
    CHECK(contains(fault_of([&] { Pack(folder.path() / "none.pack"); }), "cannot be opened"));
    CHECK(contains(fault_of([&] { Pack(folder.path()); }), "mapped"));
  }

  TEST_CASE("the digest follows the pixels, the fingerprint what they were made from") {
    const tests::TemporaryFolder folder;
    tests::MemoryDataset dataset(4);
    write_pack(folder.path() / "a.pack", request_for(dataset));
    dataset.records[2].image[5][5] += 1;
    write_pack(folder.path() / "b.pack", request_for(dataset));
    CHECK(Pack(folder.path() / "a.pack").digest() != Pack(folder.path() / "b.pack").digest());

    const fs::path file = folder.path() / "x.png";
    overwrite(file, "one");
    dataset.records[0].id.files = {file.string()};
    const std::string before = fingerprint(dataset, 0, "size=256");
    CHECK(before == fingerprint(dataset, 0, "size=256"));
    CHECK(before != fingerprint(dataset, 0, "size=512"));
    CHECK(before != fingerprint(dataset, 3, "size=256"));
    fs::last_write_time(file, fs::last_write_time(file) - std::chrono::seconds(5));
    CHECK(before != fingerprint(dataset, 0, "size=256"));
  }
}
