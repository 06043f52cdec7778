#include "plot/palette.hpp"

#include <fmt/format.h>

#include <iterator>

namespace vaso::plot {

const Colour ink{"--vaso-ink", "#1c2127", "#e4e7eb"};
const Colour faint{"--vaso-faint", "#5b6570", "#9aa5b1"};
const Colour grid{"--vaso-grid", "#dfe3e8", "#343b43"};
const Colour paper{"--vaso-paper", "#ffffff", "#14181d"};

namespace {

// Without yellow, which cannot be seen on white. In the dark the two deepest are lightened until they stand out 4:1.
const Colour series[] = {{"--vaso-blue", "#0072b2", "#3b97d3"},   {"--vaso-vermilion", "#d55e00", "#e8702a"},
                         {"--vaso-green", "#009e73", "#1fb58a"},  {"--vaso-purple", "#cc79a7", "#d68bb5"},
                         {"--vaso-orange", "#e69f00", "#e9ab25"}, {"--vaso-sky", "#56b4e9", "#8bd0f5"},
                         {"--vaso-black", "#1c2127", "#e4e7eb"}};

std::string definitions(const char* Colour::*value) {
  std::string text;
  for (const Colour& colour : {ink, faint, grid, paper}) text += fmt::format("{}:{};", colour.variable, colour.*value);
  for (const Colour& colour : series) text += fmt::format("{}:{};", colour.variable, colour.*value);
  return text;
}

}  // namespace

const Colour better = series[0];
const Colour worse = series[1];

const Colour& series_colour(std::size_t n) { return series[n % std::size(series)]; }

const char* dashes(std::size_t n) {
  constexpr const char* patterns[] = {"", "6 3", "2 2", "8 3 2 3"};
  return patterns[n / std::size(series) % std::size(patterns)];
}

std::string palette_css(const std::string& selector) {
  return fmt::format(
      "{0}{{color-scheme:light dark;{1}}}\n"
      "@media (prefers-color-scheme:dark){{{0}{{{2}}}}}\n"
      "@media print{{{0}{{color-scheme:light;{1}}}}}\n",
      selector, definitions(&Colour::light), definitions(&Colour::dark));
}

}  // namespace vaso::plot
