// How a plugin introduces itself.
//
//   struct Params {
//     double ratio = 0.75;
//     void describe(vaso::Schema& s) { s.field(ratio, "ratio", "share of patches hidden").range(0.05, 0.95); }
//   };
//   class Block final : public vaso::MaskingStrategy { public: Block(const Params&, const vaso::RunShape&); … };
//
//   VASO_PLUGIN("block-masking", "0.1.0", "masking.block") {
//     plugins.add<Block, Params>("block", "rectangles until the ratio is met");
//   }
#pragma once

#include "sdk/card.h"
#include "sdk/component.hpp"
#include "sdk/fingerprint.h"
#include "sdk/schema.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vaso {

// A parameter struct and the description of its fields, which point into it.
struct Parameters {
  std::shared_ptr<void> values;
  Schema schema;
};

struct ComponentEntry {
  std::string kind;                        // "masking"
  std::string name;                        // "anatomy"
  std::string summary;                     // one line
  std::function<Parameters()> parameters;  // fresh, at their defaults
  // The result is a MaskingStrategy, LossTerm, … as `kind` says. Throws ParameterError.
  std::function<std::shared_ptr<Component>(const Parameters&, const RunShape&)> create;
};

class VASO_API Registrar {
 public:
  virtual ~Registrar();
  template <class C, class P>
  void add(const char* name, const char* summary) {
    add(ComponentEntry{C::kind, name, summary,
                       [] {
                         auto values = std::make_shared<P>();
                         Parameters parameters{values, {}};
                         values->describe(parameters.schema);
                         return parameters;
                       },
                       [](const Parameters& parameters, const RunShape& shape) -> std::shared_ptr<Component> {
                         return std::make_shared<C>(*static_cast<const P*>(parameters.values.get()), shape);
                       }});
  }
  virtual void add(ComponentEntry entry) = 0;
  // Called by the entry point when registration threw; keeps exceptions on the plugin's side of the door.
  virtual void failed(const char* why) noexcept = 0;
};

// For components without parameters.
struct NoParameters {
  void describe(Schema&) {}
};

}  // namespace vaso

// ID and VERSION name the plugin; COMPONENTS lists KIND.NAME of all it registers, separated by one space.
#define VASO_PLUGIN(ID, VERSION, COMPONENTS)                                                                           \
  extern "C" const VasoCard vaso_plugin_card __attribute__((section(VASO_CARD_SECTION), used, visibility("hidden"))) = \
      VASO_CARD(ID, VERSION, COMPONENTS);                                                                              \
  static void vaso_register(vaso::Registrar& plugins);                                                                 \
  extern "C" VASO_API void vaso_plugin_entry(vaso::Registrar& plugins) noexcept {                                      \
    try {                                                                                                              \
      vaso_register(plugins);                                                                                          \
    } catch (const std::exception& error) {                                                                            \
      plugins.failed(error.what());                                                                                    \
    } catch (...) {                                                                                                    \
      plugins.failed("something that is no std::exception");                                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  static void vaso_register(vaso::Registrar& plugins)
