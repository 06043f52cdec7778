#include "runs/run_log.hpp"

#include "runs/spool.hpp"

namespace vaso::runs {
namespace {

class StoreLog final : public RunLog {
 public:
  StoreLog(const std::filesystem::path& database, std::int64_t run) : store_(database), run_(run) {}
  void log(std::int64_t step, const std::map<std::string, double>& values) override { store_.log(run_, step, values); }
  void forget_from(std::int64_t step) override { store_.forget_from(run_, step); }
  void log_per_image(const std::string& metric, const std::map<std::string, double>& values) override {
    store_.log_per_image(run_, metric, values);
  }
  void set_convention(const std::string& metric, const std::string& text) override {
    store_.set_convention(run_, metric, text);
  }
  void add_artefact(const Artefact& artefact) override { store_.add_artefact(run_, artefact); }

 private:
  Store store_;
  std::int64_t run_;
};

}  // namespace

std::unique_ptr<RunLog> open_run_log(const std::filesystem::path& database, std::int64_t run,
                                     const std::filesystem::path& folder) {
  if (wants_spool(folder)) return std::make_unique<Spool>(folder);
  return std::make_unique<StoreLog>(database, run);
}

}  // namespace vaso::runs
