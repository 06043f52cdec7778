#include "runs/store.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;

namespace {

using Values = std::map<std::int64_t, double>;
using Names = std::set<std::string>;

Store an_empty_store(const TemporaryFolder& folder) { return Store(folder.path() / "vaso.db"); }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("one number of a series, for all runs at once") {
    const TemporaryFolder folder;
    Store store = an_empty_store(folder);
    for (int i = 0; i < 4; ++i) store.add({}, {}, {});
    store.log(1, 0, {{"dice", 0.25}, {"dice2", 9}, {"dic", 9}});
    store.log(1, 10, {{"dice", 1.0}});
    store.log(1, 20, {{"dice", 0.5}});
    store.log(2, 5, {{"dice", 3}});
    store.log(3, 0, {{"loss", 1}});
    CHECK(store.values("dice", Pick::first) == Values{{1, 0.25}, {2, 3}});
    CHECK(store.values("dice", Pick::last) == Values{{1, 0.5}, {2, 3}});
    CHECK(store.values("dice", Pick::smallest) == Values{{1, 0.25}, {2, 3}});
    CHECK(store.values("dice", Pick::largest) == Values{{1, 1.0}, {2, 3}});
    CHECK(store.values("dice", Pick::mean) == Values{{1, 1.75 / 3}, {2, 3}});
    CHECK(store.values("none", Pick::last).empty());
  }

  TEST_CASE("values that are no numbers: they are not passed over where they would be the answer") {
    const TemporaryFolder folder;
    Store store = an_empty_store(folder);
    store.add({}, {}, {});
    const double infinity = std::numeric_limits<double>::infinity();
    store.log(1, 0, {{"a", 2}, {"b", std::nan("")}, {"c", infinity}});
    store.log(1, 1, {{"a", std::nan("")}, {"b", std::nan("")}, {"c", 1}});
    CHECK(std::isnan(store.values("a", Pick::last).at(1)));
    CHECK(std::isnan(store.values("a", Pick::mean).at(1)));
    CHECK(store.values("a", Pick::largest).at(1) == 2);
    CHECK(std::isnan(store.values("b", Pick::smallest).at(1)));
    CHECK(store.values("c", Pick::largest).at(1) == infinity);
    CHECK(store.values("c", Pick::mean).at(1) == infinity);
  }

  TEST_CASE("names of all series and settings") {
    const TemporaryFolder folder;
    Store store = an_empty_store(folder);
    CHECK(store.series_names().empty());
    CHECK(store.setting_paths().empty());
    store.add({}, {}, {{"seed", "1"}, {"masking.ratio", "0.5"}});
    store.add({}, {}, {{"seed", "2"}});
    store.add({}, {}, {});
    store.log(1, 0, {{"loss", 1}, {"lr", 1}});
    store.log(1, 1, {{"loss", 1}});
    store.log(3, 0, {{"zeta", 1}, {"alpha", 1}, {"loss", 1}});
    CHECK(store.series_names() == Names{"alpha", "loss", "lr", "zeta"});
    CHECK(store.setting_paths() == Names{"masking.ratio", "seed"});
    CHECK(store.setting("seed") == std::map<std::int64_t, std::string>{{1, "1"}, {2, "2"}});
    CHECK(store.setting("see").empty());
  }

  TEST_CASE("settings in which runs differ, those that one of them lacks among them") {
    const TemporaryFolder folder;
    Store store = an_empty_store(folder);
    store.add({}, {}, {{"a", "1"}, {"b", "1"}, {"c", "1"}});
    store.add({}, {}, {{"a", "1"}, {"b", "2"}, {"c", "1"}});
    store.add({}, {}, {{"a", "1"}, {"b", "1"}});
    CHECK(store.differing_settings({1, 2, 3}) == Names{"b", "c"});
    CHECK(store.differing_settings({1, 2}) == Names{"b"});
    CHECK(store.differing_settings({1, 3}) == Names{"c"});
    CHECK(store.differing_settings({1}).empty());
    CHECK(store.differing_settings({}).empty());
  }

  TEST_CASE("plugins and conventions of all runs are those of each") {
    const TemporaryFolder folder;
    Store store = an_empty_store(folder);
    store.add({}, {{"masking.random", "1", "r.so", "aa"}, {"guidance.sato", "2", "s.so", "bb"}}, {});
    store.add({}, {}, {});
    store.add({}, {{"masking.random", "1", "r.so", "cc"}}, {});
    store.set_convention(3, "dice", "over images");
    store.set_convention(3, "auc", "over pixels");
    const auto plugins = store.all_plugins();
    REQUIRE(plugins.size() == 2);
    REQUIRE(plugins.at(1).size() == 2);
    CHECK(plugins.at(1)[0].id == "guidance.sato");
    CHECK(plugins.at(3)[0].sha256 == "cc");
    CHECK(store.all_conventions() == std::map<std::int64_t, std::map<std::string, std::string>>{
                                         {3, {{"auc", "over pixels"}, {"dice", "over images"}}}});
  }

  TEST_CASE("the run that stands for an identity: finished before newer, newer before older") {
    const TemporaryFolder folder;
    Store store = an_empty_store(folder);
    const auto add = [&](const char* identity, Status status) {
      Run run;
      run.identity = identity;
      run.status = status;
      return store.add(run, {}, {});
    };
    add("a", Status::finished);
    const auto a = add("a", Status::finished);
    add("a", Status::failed);
    add("b", Status::failed);
    const auto b = add("b", Status::running);
    add("", Status::finished);
    CHECK(store.standing_for_identity() == std::map<std::string, std::int64_t>{{"a", a}, {"b", b}});
  }
}
