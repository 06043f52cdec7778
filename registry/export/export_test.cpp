#include "export/csv.hpp"
#include "export/event_file.hpp"
#include "export/moments.hpp"
#include "export/tensorboard.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <fstream>
#include <limits>

using namespace vaso;
using vaso::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

runs::Store two_runs(const TemporaryFolder& folder) {
  runs::Store store(folder.path() / "vaso.db");
  runs::Run run;
  run.experiment = "a/b";
  run.phase = "pretrain";
  run.label = "masking.strategy=random, \"quoted\"";
  run.status = runs::Status::finished;
  run.started = "2026-03-01T10:22:31Z";
  run.message = "two\nlines";
  store.add(run, {}, {{"seed", "1"}, {"data.root", "\"/a,b\""}});
  store.add(run, {}, {});
  store.log(1, 2, {{"loss", 0.1}, {"bad", std::nan("")}});
  store.log(1, 3, {{"loss", std::numeric_limits<double>::infinity()}});
  store.log_per_image(1, "dice", {{"a.png", 1.0 / 3}});
  store.set_convention(1, "dice", "over images");
  return store;
}

void nothing(std::int64_t) {}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("times of the database in seconds") {
    CHECK(exporting::seconds_since_1970("2026-03-01T10:22:31Z") == 1772360551);
    CHECK(exporting::seconds_since_1970("1970-01-01T00:00:00Z") == 0);
    CHECK(exporting::seconds_since_1970("") == 0);
    CHECK(exporting::seconds_since_1970("yesterday") == 0);
  }

  TEST_CASE("CSV: quotes where they are needed, numbers that read back exactly") {
    const TemporaryFolder folder;
    const runs::Store store = two_runs(folder);
    const fs::path out = folder.path() / "deep" / "csv";
    std::int64_t told = 0;
    exporting::write_csv(store, store.all(), out, [&](std::int64_t done) { told = done; });
    CHECK(told == 2);
    CHECK(contents(out / "settings.csv") == "run,setting,value\n1,data.root,\"\"\"/a,b\"\"\"\n1,seed,1\n");
    CHECK(contents(out / "metrics.csv") == "run,metric,step,value\n1,bad,2,NaN\n1,loss,2,0.1\n1,loss,3,Inf\n");
    CHECK(contents(out / "per_image.csv") == "run,metric,image,value\n1,dice,a.png,0.3333333333333333\n");
    CHECK(contents(out / "conventions.csv") == "run,metric,convention\n1,dice,over images\n");
    const std::string table = contents(out / "runs.csv");
    CHECK(table.find("\"masking.strategy=random, \"\"quoted\"\"\"") != std::string::npos);
    CHECK(table.find("\"two\nlines\"\n2,") != std::string::npos);
    const std::string heading = table.substr(0, table.find('\n'));
    const std::string row = table.substr(table.find("\n2,") + 1);  // its label holds one comma, its message none
    CHECK(std::count(row.begin(), row.end(), ',') == std::count(heading.begin(), heading.end(), ',') + 1);
    CHECK_FALSE(fs::exists(out / "runs.csv.partial"));
  }

  TEST_CASE("a place that cannot be written is named") {
    const TemporaryFolder folder;
    const runs::Store store = two_runs(folder);
    std::ofstream(folder.path() / "file") << "x";
    CHECK_THROWS_WITH_AS(exporting::write_csv(store, store.all(), folder.path() / "file" / "csv", nothing),
                         doctest::Contains("cannot make the folder"), runs::StoreError);
    fs::create_directories(folder.path() / "csv" / "runs.csv.partial");
    CHECK_THROWS_WITH_AS(exporting::write_csv(store, store.all(), folder.path() / "csv", nothing),
                         doctest::Contains("runs.csv"), runs::StoreError);
  }

  TEST_CASE("TensorBoard: a folder per run, every point a record, an export again the same") {
    const TemporaryFolder folder;
    const runs::Store store = two_runs(folder);
    const fs::path out = folder.path() / "tb";
    for (int twice = 0; twice < 2; ++twice) {
      CHECK(exporting::write_tensorboard(store, store.all(), out, nothing) == 3);
      std::vector<fs::path> files;
      for (const auto& entry : fs::recursive_directory_iterator(out)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
      CHECK(files.size() == 2);
    }
    const fs::path file =
        out / "a-b" / "0001-pretrain-masking.strategy=random---quoted-" / "events.out.tfevents.1772360551.vaso";
    REQUIRE(fs::exists(file));
    const std::string bytes = contents(file);
    CHECK(bytes.starts_with(exporting::version_record(1772360551)));
    CHECK(bytes.find(exporting::scalar_record(1772360551, 2, "loss", 0.1)) != std::string::npos);
    CHECK(bytes.ends_with(exporting::scalar_record(1772360551, 3, "loss", std::numeric_limits<double>::infinity())));
    CHECK(bytes.find("| seed | 1 |") != std::string::npos);
    CHECK(bytes.find("| dice | over images |") != std::string::npos);
  }
}
