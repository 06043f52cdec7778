#include "vision/label_colour.hpp"

#include <array>
#include <cmath>

namespace vaso::vision {

Colour label_colour(std::size_t label) {
  // Found by search: of saturated colours that are not dark, 25 whose least difference of two (CIEDE2000) is greatest
  // under the eyes of everybody, of people without red, green or blue cones (Machado, Oliveira, Fernandes, IEEE TVCG
  // 2009, severity 1): 12.6, 7.7, 7.8 and 7.8. In the order in which each is farthest from those before it.
  static constexpr std::array<Colour, 25> colours{
      Colour{255, 238, 0},   Colour{17, 102, 170},  Colour{204, 0, 17},   Colour{68, 255, 238},  Colour{238, 170, 136},
      Colour{204, 102, 136}, Colour{204, 187, 255}, Colour{0, 153, 255},  Colour{102, 136, 85},  Colour{204, 255, 170},
      Colour{119, 204, 0},   Colour{17, 136, 119},  Colour{170, 153, 85}, Colour{68, 68, 255},   Colour{187, 17, 136},
      Colour{85, 187, 170},  Colour{204, 136, 204}, Colour{0, 119, 51},   Colour{102, 119, 187}, Colour{119, 221, 170},
      Colour{0, 153, 170},   Colour{221, 136, 136}, Colour{221, 102, 0},  Colour{238, 204, 119}, Colour{255, 51, 238}};
  const double shade = std::pow(0.6, static_cast<double>(label / colours.size()));
  const auto shaded = [&](std::uint8_t value) { return static_cast<std::uint8_t>(std::lround(value * shade)); };
  const Colour& colour = colours[label % colours.size()];
  return {shaded(colour.red), shaded(colour.green), shaded(colour.blue)};
}

}  // namespace vaso::vision
