// What a data set holds, and what is wrong with it: `vaso data info`, `data check` and `data preview`.
#pragma once

#include "data/label_statistics.hpp"
#include "data/pack.hpp"
#include "data/split_leaks.hpp"

#include "vision/grey_image.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vaso::data {

struct SourceCount {
  std::string source;
  std::int64_t records = 0;
  std::int64_t patients = 0;         // known ones
  std::int64_t without_patient = 0;  // records
};

// Share of the pixels that a map marks (above 127), over the records.
struct MapShare {
  std::string name;
  double mean = 0, least = 1, most = 0;
  std::int64_t empty = 0;  // records where it marks nothing
};

struct Inspection {
  std::int64_t records = 0;         // looked at
  std::int64_t readable = 0;        // of them
  std::vector<Fault> faults;        // the data set's own, then those of its records
  std::vector<std::string> notes;   // Dataset::notes()
  std::vector<std::string> labels;  // Dataset::labels()
  bool masks = false, boxes = false;
  std::vector<SplitStatistics> splits;        // of a data set that is divided or labelled
  SplitLeaks leaks;                           // between splits
  std::map<std::string, std::int64_t> modes;  // how image files are coloured ("grey", …): how many. Not all files are
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> sizes;  // (width, height): how many
  double grey_mean = 0, grey_deviation = 0;                             // over all pixels of all frames
  int grey_p01 = 0, grey_p50 = 0, grey_p99 = 0;                         // percentiles
  std::vector<MapShare> maps;
  std::vector<SourceCount> sources;
  std::vector<std::vector<std::string>> duplicates;  // groups of records with equal pixels
  std::vector<std::vector<std::string>> near;        // groups that look alike at 32×32 pixels; equal ones included

  std::string to_text() const;
  std::string to_json() const;
};

// "WHERE: WHAT", and the cure on a line of its own.
std::string to_text(const Fault& fault);

// Decodes every record (the first `limit`; 0 = all) and collects every fault instead of throwing. Masks and boxes that
// are not what the data set promises are faults too.
Inspection inspect(const Dataset& dataset, std::int64_t limit, int threads,
                   const std::function<void(std::int64_t done, std::int64_t total)>& progress = {});

// Pairs of a frame and the same frame with its maps, masks and boxes laid over in colour, `count` records spread evenly
// over the data set, each fitted into a square of `tile` pixels above its split and name. Maps come in the order of
// Dataset::maps(), then `extra`; red, green, blue, yellow in turn. Labels have colours of their own. A legend below the
// frames explains both.
vision::ColourImage contact_sheet(const Dataset& dataset, std::int64_t count, const std::vector<ExtraMap>& extra = {},
                                  std::int64_t tile = 256);

}  // namespace vaso::data
