// A page that needs nothing beside itself: its style, plots and pictures are in it.
#pragma once

#include "plot/svg.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::report {

struct PlotFile {
  std::string name;  // "vessels-val-dice.svg"
  std::string svg;
};

// Letters, digits and hyphens of a text, for names of files and anchors: "vessels: val.dice" is "vessels-val-dice".
std::string slug(std::string_view text);

// "<code>…</code>" that can be copied as a whole.
std::string command(std::string_view text);

// "<details>" under a summary, both HTML.
std::string folded(std::string_view summary, std::string_view content, bool open = false);

// "p &lt; 0.001", "p = 0.02", "p –" where there is none.
std::string p_value(double p);

class Page {
 public:
  explicit Page(std::int64_t picture_bytes) : picture_bytes_(picture_bytes) {}

  // `body` is HTML; sections stand in the order in which they are added, and in the list of contents.
  void add_section(std::string id, std::string title, std::string body);

  // "<figure>" with the plot, kept as a file too; `caption` is HTML and may be empty.
  std::string figure(const plot::Svg& plot, std::string_view stem, std::string_view caption = "");

  // "data:" references of PNG or JPEG files, of all or none: none where one is not there, or where they would make the
  // page larger than its pictures may be. The second is counted.
  std::vector<std::string> pictures(const std::vector<std::filesystem::path>& files);
  std::size_t pictures_left_out() const { return left_out_; }

  const std::vector<PlotFile>& plots() const { return plots_; }
  // `header` and `footer` are HTML.
  std::string document(std::string_view title, std::string_view header, std::string_view footer) const;

 private:
  struct Section {
    std::string id, title, body;
  };
  std::int64_t picture_bytes_;
  std::size_t left_out_ = 0;
  std::vector<Section> sections_;
  std::vector<PlotFile> plots_;
};

}  // namespace vaso::report
