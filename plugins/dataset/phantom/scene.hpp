// Draws one angiogram-like frame: what shadows the beam besides the vessels, the vessels, and what the detector adds.
#pragma once

#include "vessel_tree.hpp"

#include "vision/grey_image.hpp"

#include <vector>

namespace vaso::phantom {

struct SceneOptions {
  std::int64_t size = 256;     // side, pixels
  std::int64_t trees = 1;      // coronary trees
  std::int64_t branches = 60;  // at most, per tree
  double radius = 6;           // of the widest vessel, pixels of a 512-pixel frame
  double contrast = 0.45;      // share of the beam that the widest vessel takes
  double noise = 3;            // standard deviation at grey 128; grows with the root of the grey value
  double blur = 0.8;           // of focus and detector, pixels of a 512-pixel frame, standard deviation
  double background = 1;       // strength of lungs, ribs, spine and diaphragm
  double catheter = 0.8;       // share of frames with one
  double collimator = 0.15;    // share of frames with a round black frame
  std::int64_t stenoses = 0;   // most narrowings in a frame; where not 0, there is at least one
};

struct Scene {
  vision::GreyImage image;
  vision::GreyImage vessel;  // 255 where a vessel's lumen covers the pixel's centre; exact, before blur and noise
  std::vector<vision::GreyImage> stenoses;  // each: 255 where the vessel would be if it were not narrowed there
};

// `narrowing` is drawn from where there are stenoses, so that a frame is otherwise the same with them and without.
Scene draw_scene(Philox& random, Philox& narrowing, const SceneOptions& options);

}  // namespace vaso::phantom
