#include "annotations/voc_xml.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>

namespace vaso::annotations {
namespace fs = std::filesystem;
namespace {

class VocReader {
 public:
  explicit VocReader(const fs::path& file) : file_(file) {
    std::ifstream stream(file, std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(stream), {});
    if (!stream) throw DataError({file, "cannot be read", "check that the file exists and who may read it"});
    const pugi::xml_parse_result result = document_.load_buffer(text_.data(), text_.size());
    if (!result) {
      fail(result.offset, fmt::format("is no readable XML: {}", result.description()),
           "copy it again from its source, or export the image's annotation again");
    }
  }

  VocFile read() const {
    const pugi::xml_node root = document_.child("annotation");
    if (!root) fail(0, "is no Pascal VOC file: it has no <annotation>", "check that it belongs to the images");
    check_name(root.child("filename"));
    VocFile voc;
    if (const pugi::xml_node size = root.child("size")) {
      voc.width = static_cast<std::int64_t>(number(size, "width"));
      voc.height = static_cast<std::int64_t>(number(size, "height"));
    }
    for (const pugi::xml_node node : root.children("object")) voc.objects.push_back(object(node));
    return voc;
  }

 private:
  void check_name(const pugi::xml_node& node) const {
    std::string named = trimmed(node);
    if (named.empty()) return;
    std::replace(named.begin(), named.end(), '\\', '/');  // written on Windows
    if (const std::string stem = fs::path(named).stem(); stem != file_.stem()) {
      fail(static_cast<std::ptrdiff_t>(node.offset_debug()),
           fmt::format("says that it belongs to `{}`, but is named after `{}`", named, file_.stem().string()),
           "rename the file, or correct <filename>: one of the two is another image's");
    }
  }

  VocObject object(const pugi::xml_node& node) const {
    VocObject object;
    object.name = trimmed(node.child("name"));
    object.line = line_of(node.offset_debug());
    if (object.name.empty()) fail(node.offset_debug(), "has an object without <name>", "name its class");
    const pugi::xml_node box = node.child("bndbox");
    if (!box) fail(node.offset_debug(), "has an object without <bndbox>", "draw its box again, or remove the object");
    object.xmin = number(box, "xmin");
    object.ymin = number(box, "ymin");
    object.xmax = number(box, "xmax");
    object.ymax = number(box, "ymax");
    return object;
  }

  double number(const pugi::xml_node& parent, const char* name) const {
    const pugi::xml_node node = parent.child(name);
    const std::string text = trimmed(node);
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || !std::isfinite(value)) {
      fail((node ? node : parent).offset_debug(), fmt::format("<{}> is `{}`, no number", name, text),
           "correct the number, or export the annotation again");
    }
    return value;
  }

  static std::string trimmed(const pugi::xml_node& node) {
    const std::string text = node.child_value();
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  }

  std::int64_t line_of(std::ptrdiff_t offset) const {
    const auto end = text_.begin() + std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text_.size()));
    return 1 + std::count(text_.begin(), end, '\n');
  }

  [[noreturn]] void fail(std::ptrdiff_t offset, const std::string& what, const std::string& cure) const {
    throw DataError({fmt::format("{}:{}", file_.string(), line_of(offset)), what, cure});
  }

  fs::path file_;
  std::string text_;
  pugi::xml_document document_;
};

}  // namespace

VocFile read_voc(const fs::path& file) { return VocReader(file).read(); }

Box voc_box(const VocObject& object, VocCorners corners, const VocFile& voc, const fs::path& file) {
  const double first = corners == VocCorners::pascal ? 1 : 0;
  Box box;
  box.left = object.xmin - first;
  box.top = object.ymin - first;
  box.width = object.xmax - box.left;
  box.height = object.ymax - box.top;
  box.area = box.width * box.height;
  const auto fail = [&](const std::string& what, const std::string& cure) {
    throw DataError({fmt::format("{}:{}", file.string(), object.line),
                     fmt::format("the box xmin {} ymin {} xmax {} ymax {} {}", object.xmin, object.ymin, object.xmax,
                                 object.ymax, what),
                     cure});
  };
  if (!(box.width > 0 && box.height > 0)) fail("has no area", "draw it again, or remove the object");
  const bool size_known = voc.width > 0 && voc.height > 0;
  if (box.left < 0 || box.top < 0 ||
      (size_known && (object.xmax > static_cast<double>(voc.width) || object.ymax > static_cast<double>(voc.height)))) {
    fail(fmt::format("reaches outside the image{}",
                     size_known ? fmt::format(" of {}×{} pixels", voc.width, voc.height) : std::string()),
         corners == VocCorners::pascal
             ? "draw it again; where corners are counted from 0, the parameter `corners` is \"labelimg\""
             : "draw it again, or check that the image was not resized after it was annotated");
  }
  return box;
}

}  // namespace vaso::annotations
