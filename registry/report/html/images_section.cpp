// The cells compared with the baseline image by image, with the images on which they differ most.
#include "plot/difference_plot.hpp"
#include "plot/markup.hpp"
#include "report/html/sections.hpp"
#include "report/html/test_pictures.hpp"
#include "report/known_series.hpp"
#include "report/paired_tests.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace vaso::report {
namespace {

using plot::escape;

constexpr std::size_t most_comparisons = 12;

// A metric of one task, of two cells, on the images that both measured; averaged over the seeds that both have.
struct Comparison {
  Part part;
  std::string metric;
  std::size_t first = 0, second = 0;  // cells: the baseline and the other
  std::vector<std::string> images;
  std::vector<double> a, b;  // of the baseline and the other, parallel to images
  std::vector<std::int64_t> seeds;
};

using PerImage = std::map<std::string, double>;

// Metrics of the task that may have values per image: the table's first, then what any of its runs has.
std::vector<std::string> candidates(const runs::Store& store, const StudyRuns& runs, const std::vector<Tabled>& tables,
                                    const Part& part) {
  std::vector<std::string> metrics;
  for (const Tabled& tabled : tables) {
    for (const Column& column : tabled.table.columns) {
      if (column.phase == part.phase && column.task == part.task) metrics.push_back(column.metric);
    }
  }
  for (const SharedCells& group : shared_cells(runs, part)) {
    for (std::string& metric : store.per_image_metrics(group.runs.front()->id)) metrics.push_back(std::move(metric));
  }
  return metrics;
}

Comparison compare(const runs::Store& store, const StudyRuns& runs, Comparison comparison) {
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> values;
  for (const std::int64_t seed : runs.study().seeds) {
    const runs::Run* first = runs.find(comparison.first, seed, comparison.part);
    const runs::Run* second = runs.find(comparison.second, seed, comparison.part);
    if (first == nullptr || second == nullptr || first->id == second->id) continue;
    const PerImage a = store.per_image(first->id, comparison.metric);
    const PerImage b = store.per_image(second->id, comparison.metric);
    bool any = false;
    for (const auto& [image, value] : a) {
      const auto other = b.find(image);
      if (other == b.end() || !std::isfinite(value) || !std::isfinite(other->second)) continue;
      values[image].first.push_back(value);
      values[image].second.push_back(other->second);
      any = true;
    }
    if (any) comparison.seeds.push_back(seed);
  }
  for (const auto& [image, both] : values) {
    if (both.first.size() != comparison.seeds.size()) continue;  // a mean over other seeds is another measurement
    const auto mean = [](const std::vector<double>& numbers) {
      double sum = 0;
      for (const double number : numbers) sum += number;
      return sum / static_cast<double>(numbers.size());
    };
    comparison.images.push_back(image);
    comparison.a.push_back(mean(both.first));
    comparison.b.push_back(mean(both.second));
  }
  return comparison;
}

std::size_t reference_cell(const runs::StudyRecord& study) {
  for (std::size_t cell = 0; cell < study.cells.size(); ++cell) {
    if (study.cells[cell].baseline) return cell;
  }
  return 0;
}

std::string panel(const std::string& data, const TestPicture& picture, int place, const std::string& words) {
  const double scale = static_cast<double>(picture.width);
  return fmt::format(
      "<div class=\"panel\"><svg viewBox=\"{} 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>{}</div>\n",
      place * scale, picture.width, picture.height, words, data, words);
}

class Cases {
 public:
  Cases(Page& page, const runs::Store& store, const StudyRuns& runs) : page_(page), store_(store), runs_(runs) {}

  // Pictures of the images where the second cell gains or loses most. Those of the first common seed.
  std::string of(const Comparison& comparison, std::size_t most, bool higher_is_better) {
    const std::int64_t seed = comparison.seeds.front();
    const auto first = test_pictures(store_, *runs_.find(comparison.first, seed, comparison.part));
    const auto second = test_pictures(store_, *runs_.find(comparison.second, seed, comparison.part));
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < comparison.images.size(); ++i) {
      if (first.contains(comparison.images[i]) && second.contains(comparison.images[i])) order.push_back(i);
    }
    if (order.empty() || most == 0) return "";
    const auto gain = [&](std::size_t i) { return (comparison.b[i] - comparison.a[i]) * (higher_is_better ? 1 : -1); };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return gain(x) > gain(y); });
    const auto gains =
        static_cast<std::size_t>(std::count_if(order.begin(), order.end(), [&](std::size_t i) { return gain(i) > 0; }));
    const auto losses =
        static_cast<std::size_t>(std::count_if(order.begin(), order.end(), [&](std::size_t i) { return gain(i) < 0; }));
    const std::size_t best = std::min(most, gains), worst = std::min(most, losses);
    std::string html;
    std::size_t without = 0;
    const auto group = [&](const char* title, std::size_t begin, std::size_t end) {
      std::string cases;
      for (std::size_t i = begin; i < end; ++i) {
        const std::string& image = comparison.images[order[i]];
        const std::string text = one(comparison, order[i], first.at(image), second.at(image));
        if (text.empty()) ++without;
        cases += text;
      }
      if (!cases.empty()) html += fmt::format("<h4>{}</h4>\n<div class=\"cases\">\n{}</div>\n", title, cases);
    };
    group("Where it gains most", 0, best);
    group("Where it loses most", order.size() - worst, order.size());
    if (html.empty()) return "";
    html += fmt::format(
        "<p class=\"note\">Pictures are of seed {}, numbers are means over seeds {}; {} of {} images have "
        "pictures of both.{}</p>\n",
        seed, fmt::join(comparison.seeds, ", "), order.size(), comparison.images.size(),
        without == 0 ? "" : fmt::format(" {} cases are left out: see the end of the page.", without));
    return html;
  }

 private:
  std::string one(const Comparison& comparison, std::size_t index, const TestPicture& first,
                  const TestPicture& second) {
    const std::vector<std::string> data = page_.pictures({first.file, second.file});
    if (data.empty()) return "";
    const std::string id = fmt::format("strip-{}", ++strips_);
    const auto image = [](const std::string& data, const TestPicture& strip, const std::string& attributes) {
      return fmt::format("<image {}href=\"{}\" width=\"{}\" height=\"{}\"/>", attributes, data, 3 * strip.width,
                         strip.height);
    };
    const std::string again = fmt::format("<use href=\"#{}\"/>", id);
    const runs::StudyRecord& study = runs_.study();
    return fmt::format(
        "<figure class=\"case\"><figcaption><b>{}</b> {:.3f} → {:.3f} ({:+.3f})</figcaption>\n"
        "<div class=\"panels\">\n{}{}{}{}</div></figure>\n",
        escape(comparison.images[index]), comparison.a[index], comparison.b[index],
        comparison.b[index] - comparison.a[index],
        panel(image(data[0], first, fmt::format("id=\"{}\" ", id)), first, 0, "image"), panel(again, first, 1, "truth"),
        panel(again, first, 2, escape(cell_name(study, comparison.first))),
        panel(image(data[1], second, ""), second, 2, escape(cell_name(study, comparison.second))));
  }

  Page& page_;
  const runs::Store& store_;
  const StudyRuns& runs_;
  int strips_ = 0;
};

}  // namespace

std::string images_section(Page& page, const runs::Store& store, const StudyRuns& runs,
                           const std::vector<Tabled>& tables, const StudyReportRequest& request) {
  const std::size_t reference = reference_cell(runs.study());
  std::vector<Comparison> comparisons;
  for (const Part& part : runs.parts()) {
    if (part.phase != "finetune") continue;
    for (const std::string& metric : candidates(store, runs, tables, part)) {
      std::vector<Comparison> found;
      for (std::size_t cell = 0; cell < runs.study().cells.size(); ++cell) {
        if (cell == reference) continue;
        Comparison comparison = compare(store, runs, {part, metric, reference, cell, {}, {}, {}, {}});
        if (!comparison.images.empty()) found.push_back(std::move(comparison));
      }
      if (found.empty()) continue;
      std::move(found.begin(), found.end(), std::back_inserter(comparisons));
      break;
    }
  }
  if (comparisons.empty()) return "";
  const std::size_t more = comparisons.size() - std::min(comparisons.size(), most_comparisons);
  comparisons.resize(comparisons.size() - more);
  std::vector<PairedTest> tests;
  std::vector<double> wilcoxon, t;
  for (const Comparison& comparison : comparisons) {
    tests.push_back(paired_test(comparison.b, comparison.a));
    wilcoxon.push_back(tests.back().p_wilcoxon);
    t.push_back(tests.back().p_t);
  }
  wilcoxon = holm(wilcoxon);
  t = holm(t);
  // The pictures that are open from the start: where the mean changes most.
  const auto largest = std::max_element(tests.begin(), tests.end(), [](const PairedTest& a, const PairedTest& b) {
    return std::abs(a.mean_difference) < std::abs(b.mean_difference);
  });
  std::string html, cases;
  Cases pictures(page, store, runs);
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    const std::string name =
        fmt::format("{}: {} against {}", comparison.part.title(), cell_name(runs.study(), comparison.second),
                    cell_name(runs.study(), comparison.first));
    const bool higher = better_direction(comparison.metric) != Better::lower;
    plot::DifferencePlot plot{name, "difference in " + title_of(comparison.metric), {}, higher};
    for (std::size_t image = 0; image < comparison.images.size(); ++image) {
      plot.differences.push_back(comparison.b[image] - comparison.a[image]);
    }
    const std::string caption = fmt::format("{} images, seeds {}. Wilcoxon {}, t-test {}.", tests[i].pairs,
                                            fmt::join(comparison.seeds, ", "), p_value(wilcoxon[i]), p_value(t[i]));
    html += page.figure(plot::draw(plot),
                        fmt::format("images {} {} {}", comparison.part.title(), comparison.metric,
                                    cell_name(runs.study(), comparison.second)),
                        caption);
    const std::string of_this = pictures.of(comparison, request.cases, higher);
    if (!of_this.empty())
      cases += folded(escape(name), of_this, largest - tests.begin() == static_cast<std::ptrdiff_t>(i));
  }
  if (!cases.empty()) cases = "<h3>Best and worst images</h3>\n" + cases;
  std::string note;
  if (more > 0) note = fmt::format("<p class=\"note\">{} more comparisons are not drawn.</p>\n", more);
  return fmt::format(
      "<p class=\"note\">Each cell against {}, the {}: what changes on each test image, as the mean over the seeds "
      "that both "
      "have. A test over images speaks of these trained networks on other images, not of other seeds; p are "
      "Holm-corrected over {} comparisons.</p>\n<div class=\"plots\">\n{}</div>\n{}{}",
      escape(cell_name(runs.study(), reference)), runs.study().cells[reference].baseline ? "baseline" : "first cell",
      comparisons.size(), html, note, cases);
}

}  // namespace vaso::report
