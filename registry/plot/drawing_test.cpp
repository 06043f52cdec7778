// What all drawings keep: XML that parses, text that arrives as it was, labels that do not lie on each other.
#include "plot/difference_plot.hpp"
#include "plot/interval_plot.hpp"
#include "plot/line_chart.hpp"
#include "plot/markup.hpp"
#include "plot/rank_diagram.hpp"
#include "plot/text_size.hpp"

#include <doctest/doctest.h>

#include <pugixml.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace vaso::plot;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr const char* nasty = "a<b> & \"c\" 'd' \x01\xFF é";
constexpr const char* nasty_read = "a<b> & \"c\" 'd' \xEF\xBF\xBD\xEF\xBF\xBD é";

struct Label {
  std::string text;
  double left, right, top, bottom;
};

std::vector<Label> labels_of(const Svg& svg) {
  pugi::xml_document document;
  const std::string text = svg.for_file();
  const pugi::xml_parse_result result = document.load_string(text.c_str());
  REQUIRE_MESSAGE(result, result.description());
  std::vector<Label> labels;
  for (const pugi::xml_node node : document.child("svg").children("text")) {
    Label label{node.text().get(), 0, 0, 0, 0};
    const double size = node.attribute("font-size").as_double();
    const double width = text_width(label.text, size), x = node.attribute("x").as_double();
    const std::string anchor = node.attribute("text-anchor").as_string("start");
    label.left = anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2;
    label.right = label.left + width;
    label.bottom = node.attribute("y").as_double() + 0.2 * size;  // descenders
    label.top = label.bottom - size;
    labels.push_back(label);
  }
  return labels;
}

void check_drawing(const Svg& svg) {
  const std::vector<Label> labels = labels_of(svg);
  CHECK(labels.size() > 1);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    INFO(labels[i].text);
    CHECK(labels[i].left >= 0);
    CHECK(labels[i].right <= svg.width());
    CHECK(labels[i].top >= 0);
    CHECK(labels[i].bottom <= svg.height());
    for (std::size_t j = 0; j < i; ++j) {
      INFO(labels[j].text);
      const bool apart = labels[i].left >= labels[j].right || labels[j].left >= labels[i].right ||
                         labels[i].top >= labels[j].bottom || labels[j].top >= labels[i].bottom;
      CHECK(apart);
    }
  }
  CHECK(svg.for_file().find("nan") == std::string::npos);
  CHECK(svg.for_file().find("inf") == std::string::npos);
  CHECK(svg.for_page().find("http") == std::string::npos);
  CHECK(svg.for_page().find("<style") == std::string::npos);
}

Curve curve(const std::string& name, std::size_t series, double scale) {
  Curve curve{name, series, {{}, {}}};
  for (int epoch = 0; epoch < 30; ++epoch) {
    for (std::size_t seed = 0; seed < 2; ++seed) {
      curve.repeats[seed].push_back({static_cast<double>(epoch), scale / (epoch + 1.0 + static_cast<double>(seed))});
    }
  }
  return curve;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("text is escaped, and what XML forbids replaced") {
    CHECK(escape("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
    CHECK(escape("é € 𝄞\t") == "é € 𝄞\t");
    CHECK(escape(std::string_view("\0", 1)) == "\xEF\xBF\xBD");
    CHECK(escape("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");                  // a longer form of "/"
    CHECK(escape("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // half of a surrogate pair
    CHECK(escape("x\xE2\x82") == "x\xEF\xBF\xBD\xEF\xBF\xBD");                // cut off
    pugi::xml_document document;
    const std::string xml = std::string("<t a=\"") + escape(nasty) + "\">" + escape(nasty) + "</t>";
    REQUIRE(document.load_string(xml.c_str()));
    CHECK(std::string(document.child("t").text().get()) == nasty_read);
    CHECK(std::string(document.child("t").attribute("a").value()) == nasty_read);
  }

  TEST_CASE("learning curves, also empty, with gaps, of one point, with names of all kinds") {
    LineChart chart{nasty, "loss, mean and range over 2 seeds", "epoch", {}};
    check_drawing(draw(chart));
    chart.curves.push_back({"nothing", 0, {}});
    chart.curves.push_back({"not a number", 1, {{{0, no_number}, {1, no_number}}}});
    check_drawing(draw(chart));
    chart.curves.push_back({nasty, 2, {{{3, 0.5}}}});
    check_drawing(draw(chart));
    for (std::size_t i = 3; i < 12; ++i) {
      chart.curves.push_back(curve("a rather long name of level " + std::to_string(i), i, std::pow(10.0, i)));
    }
    check_drawing(draw(chart));
    chart.curves = {curve("tiny", 0, 1e-7)};
    check_drawing(draw(chart));
    chart.curves = {
        curve("large, in a face where it takes very much more room than the whole drawing has to offer it", 0, 3e7)};
    check_drawing(draw(chart));
  }

  TEST_CASE("rank diagrams") {
    RankDiagram diagram{"ranks", {"a", "b", "c"}, {2.5, 1, 2.5}, 1.2, {{0, 2}}};
    check_drawing(draw(diagram));
    diagram = {nasty, {}, {}, 40, {}};
    for (int i = 0; i < 24; ++i) {
      diagram.names.push_back("masking.strategy=anatomy guidance.source=frangi " + std::to_string(i));
      diagram.ranks.push_back(1 + i * 0.95);
    }
    diagram.groups = {{0, 1, 2}, {2, 3, 4, 5}};
    check_drawing(draw(diagram));
  }

  TEST_CASE("differences of images") {
    check_drawing(draw(DifferencePlot{"none", "difference in Dice", {}, true}));
    check_drawing(draw(DifferencePlot{"one", "difference in Dice", {-0.25}, true}));
    std::vector<double> many;
    for (int i = 0; i < 2000; ++i) many.push_back(1e3 * std::sin(i));
    const Svg svg = draw(DifferencePlot{nasty, "difference in HD95, px", many, false});
    check_drawing(svg);
    CHECK(svg.for_file().size() < 100'000);
  }

  TEST_CASE("means with intervals") {
    IntervalPlot plot{nasty, "Dice", {}};
    plot.rows.push_back(
        {"baseline with a name that goes over two lines", {0.7, 0.8}, {"seed 0", nasty}, 0.75, 0.7, 0.8, true});
    plot.rows.push_back(
        {"one_word_that_is_longer_than_the_room_that_there_is_for_names", {0.7}, {}, 0.7, no_number, no_number, false});
    plot.rows.push_back({"missing", {}, {}, no_number, no_number, no_number, false});
    check_drawing(draw(plot));
    // Numbers whose labels are long, on an axis that is short.
    plot.rows.push_back({"close", {0.812301, 0.812308}, {}, 0.812305, 0.812303, 0.812307, false});
    plot.rows.erase(plot.rows.begin(), plot.rows.begin() + 2);
    plot.rows.front().name = "a name that takes all the room that names are given, and then some";
    check_drawing(draw(plot));
    plot.rows = {plot.rows.back()};
    check_drawing(draw(plot));
  }
}
