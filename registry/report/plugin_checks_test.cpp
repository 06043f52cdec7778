#include "report/plugin_checks.hpp"

#include "runs/plugin_checks.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>

using namespace vaso::report;
using namespace vaso::runs;

namespace {

Run add(Store& store, const std::vector<PluginUsed>& plugins) {
  Run run;
  run.phase = "pretrain";
  run.status = Status::finished;
  run.id = store.add(run, plugins, {});
  store.log(run.id, 0, {{"loss", 1}});
  return run;
}

const std::string band = "1111111111", disc = "2222222222", older_disc = "3333333333";

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a table says which of its plugins passed, failed, or were not examined") {
    const vaso::tests::TemporaryFolder folder;
    Store store(folder.path() / "vaso.db");
    const Run first = add(store, {{"masking.band", "1.0", "b.so", band}, {"masking.disc", "2.0", "d.so", disc}});
    const Run second = add(store, {{"masking.disc", "1.9", "d.so", older_disc}});
    const std::vector<Audited> one = {{&first, 0, "pretrain"}},
                               both = {{&first, 0, "pretrain"}, {&second, 1, "pretrain"}};
    CHECK_FALSE(plugin_check_note(store, both));  // nobody has asked

    write_plugin_checks(store.file(), {{"elsewhere", "loss.other", "1.0", "", "0.1", ""}});
    CHECK_FALSE(plugin_check_note(store, both));
    write_plugin_checks(store.file(), {{band, "masking.band", "1.0", "", "0.1", "masking.band: plans, save and load"}});
    CHECK(plugin_check_note(store, one) ==
          "plugins: failed `vaso plugins check`: masking.band 1.0 (11111111) [masking.band: plans, save and load]; not "
          "examined by `vaso plugins check`: masking.disc 2.0 (22222222)");
    write_plugin_checks(store.file(),
                        {{band, "masking.band", "1.0", "", "0.1", ""}, {disc, "masking.disc", "2.0", "", "0.1", ""}});
    CHECK(plugin_check_note(store, one) == "plugins: every one of the 2 passed `vaso plugins check`");
    CHECK(plugin_check_note(store, both) ==
          "plugins: not examined by `vaso plugins check`: masking.disc 1.9 (33333333)");
    CHECK(read_plugin_checks(store.file()).at(band).checked != "");

    const Table table = tabulate(store, {.by = {"run"}, .metrics = {"loss"}, .phase = "", .experiment = ""});
    REQUIRE(table.notes.size() == 1);
    CHECK(table.notes.front() == plugin_check_note(store, both));
  }
}
