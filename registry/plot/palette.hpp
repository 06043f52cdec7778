// Colours of plots: Okabe and Ito, "Color Universal Design" (2008), told apart with every kind of colour vision.
#pragma once

#include <cstddef>
#include <string>

namespace vaso::plot {

// A CSS variable, so that one plot serves light and dark, screen and paper; and its value in light for programs that do
// not know variables (Inkscape, librsvg).
struct Colour {
  const char* variable;  // "--vaso-blue"
  const char* light;     // "#0072b2"
  const char* dark;
};

extern const Colour ink, faint, grid, paper;  // text and axes, lesser text, lines behind the data, background
extern const Colour better, worse;            // of two methods: blue and vermilion

// Of the n-th of several things. After seven the colours come again: tell them apart by dashes(n) and marker(n).
const Colour& series_colour(std::size_t n);
const char* dashes(std::size_t n);  // stroke-dasharray; "" for the first seven

// Definitions of all variables for a style sheet: light, dark where the reader prefers it, light again on paper.
// `selector` such as ":root".
std::string palette_css(const std::string& selector);

}  // namespace vaso::plot
