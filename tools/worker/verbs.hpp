// The worker's verbs, one file each. All report through the sink, return an exit code, and let exceptions rise to main.
#pragma once

#include "event_sink.hpp"
#include "options.hpp"

#include "config/tree.hpp"
#include "host/plugin_host.hpp"

namespace vaso::worker {

int check(const Options& options, const EventSink& events);           // check FILE [--components]
int run(const Options& options, const EventSink& events);             // run --phase …
int plugins_info(const Options& options, const EventSink& events);    // plugins-info [NAME…]
int plugins_check(const Options& options, const EventSink& events);   // plugins-check [FILE|FOLDER|NAME…]
int data_info(const Options& options, const EventSink& events);       // data-info FILE|FOLDER
int data_check(const Options& options, const EventSink& events);      // data-check FILE|FOLDER
int data_preview(const Options& options, const EventSink& events);    // data-preview FILE|FOLDER
int data_pack(const Options& options, const EventSink& events);       // data-pack FILE
int guidance_make(const Options& options, const EventSink& events);   // guidance-make FILE
int predict(const Options& options, const EventSink& events);         // predict IMAGES…
int evaluate_masks(const Options& options, const EventSink& events);  // evaluate-masks TRUTH PREDICTION
int evaluate_boxes(const Options& options, const EventSink& events);  // evaluate-boxes TRUTH PREDICTION
int torchscript(const Options& options, const EventSink& events);     // torchscript
int bench(const Options& options, const EventSink& events);           // bench [NAME]
int doctor(const Options& options, const EventSink& events);          // doctor

// True once SIGTERM arrived.
bool stop_requested();

// The plugins that the experiment, the options and the environment let this process find.
PluginHost open_plugins(const Options& options, const config::Node& experiment);

}  // namespace vaso::worker
