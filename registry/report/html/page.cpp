#include "report/html/page.hpp"

#include "plot/markup.hpp"
#include "report/html/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;

namespace vaso::report {
namespace {

using plot::escape;

// RFC 4648.
std::string base64(const std::string& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? digits[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

// A link into a folded part opens it; without this script browsers of before 2024 show the closed part.
constexpr const char* script =
    "function reveal(){var e=document.getElementById(decodeURIComponent(location.hash.slice(1)));"
    "for(var p=e;p;p=p.parentElement)if(p.tagName==='DETAILS')p.open=true;if(e)e.scrollIntoView();}"
    "addEventListener('hashchange',reveal);addEventListener('DOMContentLoaded',function(){if(location.hash)reveal();})"
    ";";

}  // namespace

std::string slug(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  while (result.ends_with('-')) result.pop_back();
  return result.empty() ? "x" : result.substr(0, 80);
}

std::string command(std::string_view text) { return fmt::format("<code class=\"command\">{}</code>", escape(text)); }

std::string folded(std::string_view summary, std::string_view content, bool open) {
  return fmt::format("<details{}><summary>{}</summary>\n{}</details>\n", open ? " open=\"open\"" : "", summary,
                     content);
}

std::string p_value(double p) {
  return !std::isfinite(p) ? "p –" : p < 0.001 ? "p &lt; 0.001" : fmt::format("p = {:.2g}", p);
}

void Page::add_section(std::string id, std::string title, std::string body) {
  sections_.push_back({std::move(id), std::move(title), std::move(body)});
}

std::string Page::figure(const plot::Svg& plot, std::string_view stem, std::string_view caption) {
  const std::string plain = slug(stem);
  std::string name = plain + ".svg";
  const auto taken = [&] {
    return std::any_of(plots_.begin(), plots_.end(), [&](const PlotFile& file) { return file.name == name; });
  };
  for (int number = 2; taken(); ++number) name = fmt::format("{}-{}.svg", plain, number);
  plots_.push_back({name, plot.for_file()});
  return fmt::format(
      "<figure class=\"plot\">\n{}<figcaption>{}{}<a class=\"file\" href=\"{}\">{}</a></figcaption></figure>\n",
      plot.for_page(), caption, caption.empty() ? "" : " ", name, name);
}

std::vector<std::string> Page::pictures(const std::vector<fs::path>& files) {
  std::vector<std::string> contents;
  std::int64_t size = 0;
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    contents.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    if (contents.back().empty()) return {};
    size += static_cast<std::int64_t>(contents.back().size());
  }
  if (size > picture_bytes_) {
    left_out_ += files.size();
    return {};
  }
  picture_bytes_ -= size;
  for (std::string& content : contents) {
    const char* kind = content.starts_with("\x89PNG") ? "png" : "jpeg";
    content = fmt::format("data:image/{};base64,{}", kind, base64(content));
  }
  return contents;
}

std::string Page::document(std::string_view title, std::string_view header, std::string_view footer) const {
  std::string contents, body;
  for (const Section& section : sections_) {
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", section.id, escape(section.title));
    body += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", section.id, escape(section.title),
                        section.body);
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{}</title>\n"
      "<style>\n{}</style>\n</head>\n<body>\n<header>\n{}</header>\n<nav aria-label=\"Contents\"><ol>\n{}</ol></nav>\n"
      "<main>\n{}</main>\n<footer>\n{}</footer>\n<script>{}</script>\n</body>\n</html>\n",
      escape(title), style_sheet(), header, contents, body, footer, script);
}

}  // namespace vaso::report
