// What a phase tells the outside: progress, numbers, files. The worker sends it to `vaso` and into the run database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

namespace vaso::train {

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void stage(const std::string& text) = 0;
  virtual void progress(std::int64_t done, std::int64_t total, const std::string& text) = 0;
  virtual void note(const std::string& text) = 0;
  // Numbers of one epoch (from 0).
  virtual void log(std::int64_t epoch, const std::map<std::string, double>& values) = 0;
  // Numbers logged at `epoch` and later are void: a resumed run makes them again.
  virtual void forget_from(std::int64_t epoch) = 0;
  // One value for each image: what paired tests need.
  virtual void per_image(const std::string& metric, const std::map<std::string, double>& values) = 0;
  // How a metric was computed, in words.
  virtual void convention(const std::string& metric, const std::string& text) = 0;
  virtual void artefact(const std::string& name, const std::filesystem::path& file) = 0;
  // True once the run should stop at the next point from which it can be resumed.
  virtual bool stop_requested() const = 0;
};

// Thrown by a phase that stopped because it was asked to, after its checkpoint was written.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace vaso::train
