#include "options.hpp"

#include <boost/program_options.hpp>

#include <stdexcept>

namespace vaso::worker {

Options parse_options(int argc, char** argv) {
  namespace po = boost::program_options;
  Options options;
  std::string home = options.home, config, folder, weights, out;
  std::vector<std::string> plugins, words;
  po::options_description known;
  known.add_options()("word", po::value(&words))("set", po::value(&options.set)->composing())("home", po::value(&home))(
      "plugins", po::value(&plugins)->composing())("events", po::value(&options.events))(
      "phase", po::value(&options.phase))("config", po::value(&config))("folder", po::value(&folder))(
      "weights", po::value(&weights))("run", po::value(&options.run))("resume", po::bool_switch(&options.resume))(
      "threads", po::value(&options.threads))("out", po::value(&out))("device", po::value(&options.device))(
      "source", po::value(&options.source))("count", po::value(&options.count))("labels", po::value(&options.labels))(
      "format", po::value(&options.format))("colours", po::bool_switch(&options.colours))(
      "components", po::bool_switch(&options.components))("no-distances", po::bool_switch(&options.no_distances))(
      "dataset", po::value(&options.dataset))("task", po::value(&options.task))("timeout", po::value(&options.timeout));
  po::positional_options_description positional;
  positional.add("word", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(argc, argv).options(known).positional(positional).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    throw std::invalid_argument(error.what());
  }
  if (words.empty()) throw std::invalid_argument("vaso-worker is started by `vaso`; see `vaso --help`");
  options.verb = words.front();
  options.arguments.assign(words.begin() + 1, words.end());
  options.home = home;
  options.plugins.assign(plugins.begin(), plugins.end());
  options.config = config;
  options.folder = folder;
  options.weights = weights;
  options.out = out;
  return options;
}

}  // namespace vaso::worker
