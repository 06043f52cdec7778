// Where a step's time goes: what LibTorch's operators and our kernels take by themselves, added up over all threads.
#pragma once

#include <ATen/record_function.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vaso::bench {

// While it lives, every operator that any thread runs is timed: the time between its beginning and its end, less that
// of the operators it called. One at a time. On a GPU these are the times of launching, which say nothing.
class OperatorTimes {
 public:
  struct Row {
    std::string name;  // "aten::addmm", "vaso::attention"
    double seconds = 0;
    long calls = 0;
  };

  OperatorTimes();
  ~OperatorTimes();
  OperatorTimes(const OperatorTimes&) = delete;
  OperatorTimes& operator=(const OperatorTimes&) = delete;

  std::vector<Row> longest_first() const;
  double seconds() const;  // of all rows

 private:
  static std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function);
  static void leave(const at::RecordFunction& function, at::ObserverContext* context);

  static OperatorTimes* current_;
  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;
  at::CallbackHandle handle_;
};

}  // namespace vaso::bench
