#include "plot/svg.hpp"

#include "plot/markup.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace vaso::plot {
namespace {

constexpr const char* face = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

// Hundredths of a pixel, without trailing zeros.
std::string number(double value) { return fmt::format("{}", std::round(value * 100) / 100 + 0.0); }

std::string list(const std::vector<Point>& points) {
  std::string text;
  for (const Point& point : points) {
    if (!text.empty()) text += ' ';
    text += number(point.x) + "," + number(point.y);
  }
  return text;
}

// The attribute is for programs without CSS variables; the style prevails in those that have them.
std::string painted(const char* attribute, const Colour& colour) {
  return fmt::format("{0}=\"{1}\" style=\"{0}:var({2})\"", attribute, colour.light, colour.variable);
}

std::string stroked(const Stroke& stroke) {
  std::string text = painted("stroke", stroke.colour) + fmt::format(" stroke-width=\"{}\"", number(stroke.width));
  if (*stroke.dashes != '\0') text += fmt::format(" stroke-dasharray=\"{}\"", stroke.dashes);
  return text;
}

std::vector<Point> corners(Marker shape, Point c, double r) {
  switch (shape) {
    case Marker::square:
      return {{c.x - r * 0.89, c.y - r * 0.89},
              {c.x + r * 0.89, c.y - r * 0.89},
              {c.x + r * 0.89, c.y + r * 0.89},
              {c.x - r * 0.89, c.y + r * 0.89}};
    case Marker::triangle:
      return {{c.x, c.y - r * 1.2}, {c.x + r * 1.1, c.y + r * 0.8}, {c.x - r * 1.1, c.y + r * 0.8}};
    case Marker::diamond:
      return {{c.x, c.y - r * 1.3}, {c.x + r * 1.1, c.y}, {c.x, c.y + r * 1.3}, {c.x - r * 1.1, c.y}};
    case Marker::cross: {
      const double t = r * 0.35;  // half the width of an arm
      return {{c.x - t, c.y - r}, {c.x + t, c.y - r}, {c.x + t, c.y - t}, {c.x + r, c.y - t},
              {c.x + r, c.y + t}, {c.x + t, c.y + t}, {c.x + t, c.y + r}, {c.x - t, c.y + r},
              {c.x - t, c.y + t}, {c.x - r, c.y + t}, {c.x - r, c.y - t}, {c.x - t, c.y - t}};
    }
    case Marker::circle:
      break;
  }
  return {};
}

}  // namespace

Marker series_marker(std::size_t n) {
  constexpr Marker shapes[] = {Marker::circle, Marker::square, Marker::triangle, Marker::diamond, Marker::cross};
  return shapes[n % std::size(shapes)];
}

Svg::Svg(double width, double height, std::string title, std::string description)
    : width_(width), height_(height), title_(std::move(title)), description_(std::move(description)) {}

void Svg::line(Point from, Point to, const Stroke& stroke) {
  body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", number(from.x), number(from.y),
                       number(to.x), number(to.y), stroked(stroke));
}

void Svg::polyline(const std::vector<Point>& points, const Stroke& stroke) {
  if (points.size() < 2) return;
  body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke-linejoin=\"round\" {}/>\n", list(points),
                       stroked(stroke));
}

void Svg::area(const std::vector<Point>& outline, const Colour& colour, double opacity) {
  if (outline.size() < 3) return;
  body_ += fmt::format("<polygon points=\"{}\" {} fill-opacity=\"{}\"/>\n", list(outline), painted("fill", colour),
                       number(opacity));
}

void Svg::rectangle(Point corner, double width, double height, const Colour& colour, double opacity) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}", number(corner.x), number(corner.y),
                       number(width), number(height), painted("fill", colour));
  body_ += opacity < 1 ? fmt::format(" fill-opacity=\"{}\"/>\n", number(opacity)) : "/>\n";
}

void Svg::marker(Marker shape, Point centre, double size, const Colour& colour, std::string_view tip) {
  const std::string inside = tip.empty() ? std::string() : fmt::format("<title>{}</title>", escape(tip));
  if (shape == Marker::circle) {
    body_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}>{}</circle>\n", number(centre.x), number(centre.y),
                         number(size), painted("fill", colour), inside);
  } else {
    body_ += fmt::format("<polygon points=\"{}\" {}>{}</polygon>\n", list(corners(shape, centre, size)),
                         painted("fill", colour), inside);
  }
}

// An inner drawing with the same coordinates clips what leaves it, and needs no id that could be taken in a page.
void Svg::begin_clip(Point corner, double width, double height) {
  body_ += fmt::format("<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\">\n",
                       number(corner.x), number(corner.y), number(width), number(height));
}

void Svg::end_clip() { body_ += "</svg>\n"; }

void Svg::text(Point baseline, std::string_view text, const Letters& letters) {
  const char* anchor = letters.anchor == Letters::Anchor::start    ? ""
                       : letters.anchor == Letters::Anchor::middle ? " text-anchor=\"middle\""
                                                                   : " text-anchor=\"end\"";
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\"{}{} {}>{}</text>\n", number(baseline.x),
                       number(baseline.y), number(letters.size), letters.bold ? " font-weight=\"600\"" : "", anchor,
                       painted("fill", letters.colour), escape(text));
}

std::string Svg::root(std::string_view attributes, std::string_view before) const {
  return fmt::format(
      "<svg {}viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" role=\"img\" font-family=\"{}\">\n<title>{}</title>\n"
      "<desc>{}</desc>\n{}{}</svg>\n",
      attributes, number(width_), number(height_), number(width_), number(height_), face, escape(title_),
      escape(description_), before, body_);
}

std::string Svg::for_page() const { return root("", ""); }

std::string Svg::for_file() const {
  const std::string background = fmt::format("<style>{}</style>\n<rect width=\"100%\" height=\"100%\" {}/>\n",
                                             palette_css(":root"), painted("fill", paper));
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root("xmlns=\"http://www.w3.org/2000/svg\" ", background);
}

}  // namespace vaso::plot
