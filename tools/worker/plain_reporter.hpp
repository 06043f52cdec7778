// A phase's view of the outside where there is no run to log into.
#pragma once

#include "verbs.hpp"

#include "train/reporter.hpp"

namespace vaso::worker {

class PlainReporter final : public train::Reporter {
 public:
  explicit PlainReporter(const EventSink& events) : events_(events) {}
  void stage(const std::string& text) override { events_.stage(text); }
  void progress(std::int64_t done, std::int64_t total, const std::string& text) override {
    events_.progress(done, total, text);
  }
  void note(const std::string& text) override { events_.note(text); }
  void log(std::int64_t, const std::map<std::string, double>&) override {}
  void forget_from(std::int64_t) override {}
  void per_image(const std::string&, const std::map<std::string, double>&) override {}
  void convention(const std::string&, const std::string&) override {}
  void artefact(const std::string&, const std::filesystem::path&) override {}
  bool stop_requested() const override { return worker::stop_requested(); }

 private:
  const EventSink& events_;
};

}  // namespace vaso::worker
