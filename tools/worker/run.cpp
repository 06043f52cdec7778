// Runs one phase of one cell.
#include "verbs.hpp"

#include "exit_codes.hpp"
#include "runs/run_log.hpp"
#include "train/device.hpp"
#include "train/finetune.hpp"
#include "train/pretrain.hpp"
#include "train/segmentor.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <map>

namespace vaso::worker {
namespace {

class RunReporter final : public train::Reporter {
 public:
  RunReporter(const Options& options, const EventSink& events)
      : events_(events),
        log_(runs::open_run_log(options.home / "vaso.db", options.run, options.folder)),
        folder_(options.folder) {}
  void stage(const std::string& text) override { events_.stage(text); }
  void progress(std::int64_t done, std::int64_t total, const std::string& text) override {
    events_.progress(done, total, text);
  }
  void note(const std::string& text) override { events_.note(text); }
  void log(std::int64_t epoch, const std::map<std::string, double>& values) override {
    log_->log(epoch, values);
    last_ = values;
  }
  void forget_from(std::int64_t epoch) override { log_->forget_from(epoch); }
  void per_image(const std::string& metric, const std::map<std::string, double>& values) override {
    log_->log_per_image(metric, values);
  }
  void convention(const std::string& metric, const std::string& text) override { log_->set_convention(metric, text); }
  void artefact(const std::string& name, const std::filesystem::path& file) override {
    log_->add_artefact({name, std::filesystem::relative(file, folder_).string(), runs::sha256_file(file),
                        static_cast<std::int64_t>(std::filesystem::file_size(file))});
  }
  bool stop_requested() const override { return worker::stop_requested(); }
  const std::map<std::string, double>& last() const { return last_; }

 private:
  const EventSink& events_;
  std::unique_ptr<runs::RunLog> log_;
  std::filesystem::path folder_;
  std::map<std::string, double> last_;
};

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

int run(const Options& options, const EventSink& events) {
  if (options.run <= 0 || options.config.empty() || options.folder.empty()) {
    throw std::invalid_argument("run wants --run, --config and --folder");
  }
  const config::Node cell = config::load(options.config, {});
  const auto text = [&](const char* path, std::string fallback) {
    const config::Node* node = cell.find(path);
    const auto* value = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
    return value == nullptr ? std::move(fallback) : *value;
  };
  const config::Node* said = cell.find("threads");
  const auto* number = said == nullptr ? nullptr : std::get_if<std::int64_t>(&said->value);
  const std::int64_t threads = number != nullptr && *number > 0 ? *number : options.threads;

  PluginHost host = open_plugins(options, cell);  // before there are threads: libraries are tried in a forked child
  const std::string pools = train::set_threads(threads);
  const c10::Device device = train::choose_device(text("device", "auto"));
  events.result(nlohmann::json{
      {"device", train::device_name(device)},
      {"libtorch", train::libtorch_version()},
      {"threads", pools},
      {"host",
       host_name()}}.dump());

  RunReporter reporter(options, events);
  bool stopped_early = false;
  train::RunPlace place{options.folder, options.home / "cache", options.weights, options.resume};
  if (options.phase == "segmentor") {
    train::train_segmentor(cell, host, place, reporter);
  } else if (options.phase == "pretrain") {
    train::pretrain(cell, host, place, reporter);
  } else if (options.phase == "finetune") {
    stopped_early = train::finetune(cell, host, place, reporter);
  } else {
    throw std::invalid_argument("there is no phase `" + options.phase + "`");
  }
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  events.result(nlohmann::json{
      {"peak_memory", usage.ru_maxrss * 1024L}, {"stopped_early", stopped_early}, {"summary", reporter.last()}}
                    .dump());
  return exit_ok;
}

}  // namespace vaso::worker
