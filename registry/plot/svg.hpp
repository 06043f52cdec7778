// A drawing in SVG 1.1: for a page that has the palette, or as a file of its own.
#pragma once

#include "plot/palette.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vaso::plot {

struct Point {
  double x = 0, y = 0;
};

struct Stroke {
  Colour colour = ink;
  double width = 1;
  const char* dashes = "";
};

struct Letters {
  enum class Anchor { start, middle, end };
  Anchor anchor = Anchor::start;
  Colour colour = ink;
  double size = 11;
  bool bold = false;
};

// Shapes that tell series apart without colour.
enum class Marker { circle, square, triangle, diamond, cross };
Marker series_marker(std::size_t n);

// Lengths are pixels at the drawing's own size; it scales to the room it is given. The origin is the top left corner.
class Svg {
 public:
  // The title names the drawing for readers who cannot see it; the description says what it shows.
  Svg(double width, double height, std::string title, std::string description);

  void line(Point from, Point to, const Stroke& stroke);
  void polyline(const std::vector<Point>& points, const Stroke& stroke);
  void area(const std::vector<Point>& outline, const Colour& colour, double opacity);
  void rectangle(Point corner, double width, double height, const Colour& colour, double opacity = 1);
  // `tip` is shown where a pointer rests on it; "" = none.
  void marker(Marker shape, Point centre, double size, const Colour& colour, std::string_view tip = "");
  // What is drawn from here to end_clip() is cut at this rectangle.
  void begin_clip(Point corner, double width, double height);
  void end_clip();
  void text(Point baseline, std::string_view text, const Letters& letters);

  double width() const { return width_; }
  double height() const { return height_; }
  const std::string& title() const { return title_; }
  std::string for_page() const;  // an <svg> element for HTML; the page holds the palette
  std::string for_file() const;  // a document with its own palette and background

 private:
  std::string root(std::string_view attributes, std::string_view before) const;

  double width_, height_;
  std::string title_, description_, body_;
};

}  // namespace vaso::plot
