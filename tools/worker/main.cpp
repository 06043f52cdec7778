#include "verbs.hpp"

#include "config/diagnostics.hpp"
#include "exit_codes.hpp"
#include "train/openblas_core.hpp"
#include "train/reporter.hpp"
#include "train/safetensors.hpp"

#include "sdk/dataset.hpp"

#include <c10/util/Exception.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>

namespace vaso::worker {
namespace {

volatile std::sig_atomic_t stop = 0;

// `vaso` decides what an interrupt means: it sends SIGTERM, and so does the kernel when `vaso` dies. The run then stops
// at the next step, with a checkpoint.
void listen_to_signals() {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = [](int) { stop = 1; };
  sigaction(SIGTERM, &action, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
}

// Activations of one step have the sizes of those of the last. glibc gives large blocks back to the kernel at once and
// gets them again as pages to be zeroed: 57,000 page faults a second in a ViT-Ti run, and of the steps of a ViT-B with
// batches of 16 a twelfth of the time. Keep them.
void keep_freed_memory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);  // never
  mallopt(M_TOP_PAD, 64 << 20);
}

// OpenBLAS has chosen its kernels by now, and can choose others only when it is loaded again: half a second.
void restart_where_openblas_chose_badly(char** arguments) {
  const std::string better = train::better_openblas_core();
  if (better.empty() || std::getenv("OPENBLAS_CORETYPE") != nullptr) return;
  setenv("OPENBLAS_CORETYPE", better.c_str(), 1);
  execv("/proc/self/exe", arguments);  // comes back only where that fails, and then slow products are right as well
}

int guarded(const Options& options, const EventSink& events) {
  static const std::map<std::string, int (*)(const Options&, const EventSink&)> verbs = {
      {"check", check},
      {"run", run},
      {"bench", bench},
      {"doctor", doctor},
      {"plugins-info", plugins_info},
      {"plugins-check", plugins_check},
      {"data-info", data_info},
      {"data-check", data_check},
      {"data-preview", data_preview},
      {"data-pack", data_pack},
      {"guidance-make", guidance_make},
      {"predict", predict},
      {"torchscript", torchscript},
      {"evaluate-masks", evaluate_masks},
      {"evaluate-boxes", evaluate_boxes},
  };
  try {
    const auto verb = verbs.find(options.verb);
    if (verb == verbs.end()) throw std::invalid_argument("vaso-worker has no verb `" + options.verb + "`");
    return verb->second(options, events);
  } catch (const config::ConfigError& error) {
    for (const auto& diagnostic : error.diagnostics())
      events.fault(config::render(diagnostic, options.colours), exit_configuration);
    return exit_configuration;
  } catch (const PluginError& error) {
    events.fault(error.what(), exit_plugin);
    return exit_plugin;
  } catch (const train::Interrupted& stopped) {
    events.note(stopped.what());
    return exit_interrupted;
  } catch (const std::invalid_argument& error) {
    events.fault(error.what(), exit_usage);
    return exit_usage;
  } catch (const c10::Error& error) {
    events.fault(error.what_without_backtrace(), exit_run_failed);
  } catch (const std::exception& error) {
    events.fault(error.what(), exit_run_failed);
  }
  return exit_run_failed;
}

}  // namespace

bool stop_requested() { return stop != 0; }

PluginHost open_plugins(const Options& options, const config::Node& experiment) {
  std::vector<std::filesystem::path> folders = options.plugins;
  if (const config::Node* list = experiment.find("plugins"); list != nullptr && list->is_array()) {
    for (const config::Node& folder : list->array()) {
      if (const auto* text = std::get_if<std::string>(&folder.value)) {
        const std::filesystem::path base =
            folder.origin.line > 0 ? std::filesystem::path(folder.origin.file).parent_path() : "";
        folders.push_back(base / *text);
      }
    }
  }
  return PluginHost(plugins::scan(plugins::search_path(folders)));
}

}  // namespace vaso::worker

int main(int argc, char** argv) {
  using namespace vaso;
  worker::restart_where_openblas_chose_badly(argv);
  worker::Options options;
  try {
    options = worker::parse_options(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return exit_usage;
  }
  worker::listen_to_signals();
  worker::keep_freed_memory();
  const int code = worker::guarded(options, worker::EventSink(options.events));
  std::fflush(nullptr);
#ifdef VASO_SANITIZED
  return code;  // let the leak checker look
#else
  // Libraries of plugins and of CUDA destroy their statics in an order nobody controls; all that matters is on disk by
  // now.
  std::_Exit(code);
#endif
}
