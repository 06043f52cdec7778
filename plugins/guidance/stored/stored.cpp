#include "sdk/guidance.hpp"
#include "sdk/plugin.hpp"

namespace {

using namespace vaso;

struct Params {
  std::string map = "filter";

  void describe(Schema& s) { s.field(map, "map", "name of the data set's map, e.g. \"filter\" or \"vessel\""); }
};

class Stored final : public GuidanceSource {
 public:
  Stored(const Params& params, const RunShape&) : name_(params.map) {}
  Stage stage() const override { return Stage::image; }

  at::Tensor map(const Record& record) const override {
    const auto found = record.maps.find(name_);
    if (found != record.maps.end()) return found->second;
    std::string has;
    for (const auto& [name, ignored] : record.maps) has += (has.empty() ? "" : ", ") + name;
    throw DataError({record.id.name,
                     "has no map `" + name_ + "`" + (has.empty() ? " nor any other" : "; it has " + has),
                     "set `map` of guidance.stored, or make the maps (see dataset.images, `masks`)"});
  }

 private:
  std::string name_;
};

}  // namespace

VASO_PLUGIN("guidance.stored", "1.0.0", "guidance.stored") {
  plugins.add<Stored, Params>("stored", "a map that the data set itself brings: masks made elsewhere, or the truth");
}
