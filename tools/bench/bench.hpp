// What `vaso bench NAME` measures. A bench is one file here and one line of benches.cpp; `vaso-worker` runs it.
#pragma once

#include "sdk/schema.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vaso::bench {

// One row of the table.
struct Figure {
  std::string what;            // "sato: filter and mask of 512×512"
  std::string unit;            // "ms", "images/s"
  std::vector<double> values;  // one per repetition
  bool more_is_better = false;
  double floor = 0;      // what the machine could do at best, same unit; 0 = unknown
  std::string floor_is;  // what was measured for it: "reading and writing the same bytes"
};

struct Request {
  int repeat = 3;
  int threads = 1;                                // LibTorch's pools have so many; a bench's own threads should too
  std::function<void(const std::string&)> stage;  // tells what is being done. Never empty
  std::function<bool()> stop_requested;           // never empty
};

class Bench {
 public:
  virtual ~Bench() = default;
  virtual void describe(Schema& schema) = 0;  // what `--set NAME=VALUE` may change
  virtual std::vector<Figure> measure(const Request& request) = 0;
};

struct Entry {
  const char* name;
  const char* meaning;
  std::unique_ptr<Bench> (*make)();
};
const std::vector<Entry>& benches();

// Seconds that `work` takes, once per repetition after one that does not count. Throws train::Interrupted.
std::vector<double> seconds_each(const Request& request, const std::function<void()>& work);

double median(std::vector<double> values);

// {"machine","settings","figures":[{"what","unit","values","median","floor","share","floor_is"}…]} as JSON text; floor
// and share are null where the floor is unknown. A share of 1 is the floor reached, whichever way is better.
std::string to_json(const std::string& machine, const std::string& settings, const std::vector<Figure>& figures);

// One function per file.
std::unique_ptr<Bench> inference();
std::unique_ptr<Bench> loader();
std::unique_ptr<Bench> masks();
std::unique_ptr<Bench> metrics_of_a_test_set();
std::unique_ptr<Bench> start();
std::unique_ptr<Bench> step();
std::unique_ptr<Bench> vesselness();

}  // namespace vaso::bench
