#include "operator_times.hpp"

#include "train/clock.hpp"

#include <algorithm>

namespace vaso::bench {

namespace {

// An operator that runs now on this thread.
struct Running : at::ObserverContext {
  train::Clock clock;
  double called = 0;  // seconds of operators that it called
  Running* caller = nullptr;
};
thread_local Running* innermost = nullptr;

}  // namespace

OperatorTimes* OperatorTimes::current_ = nullptr;

OperatorTimes::OperatorTimes() {
  current_ = this;
  handle_ = at::addGlobalCallback(
      at::RecordFunctionCallback(&enter, &leave).scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE}));
}

OperatorTimes::~OperatorTimes() {
  at::removeCallback(handle_);
  current_ = nullptr;
}

std::unique_ptr<at::ObserverContext> OperatorTimes::enter(const at::RecordFunction&) {
  auto running = std::make_unique<Running>();
  running->caller = innermost;
  innermost = running.get();
  return running;
}

void OperatorTimes::leave(const at::RecordFunction& function, at::ObserverContext* context) {
  auto* const running = static_cast<Running*>(context);
  const double seconds = running->clock.seconds();
  innermost = running->caller;
  if (innermost != nullptr) innermost->called += seconds;
  const std::lock_guard lock(current_->mutex_);
  Row& row = current_->rows_[function.name()];
  row.name = function.name();
  row.seconds += seconds - running->called;
  ++row.calls;
}

std::vector<OperatorTimes::Row> OperatorTimes::longest_first() const {
  const std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  for (const auto& [name, row] : rows_) rows.push_back(row);
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
  return rows;
}

double OperatorTimes::seconds() const {
  double all = 0;
  for (const Row& row : longest_first()) all += row.seconds;
  return all;
}

}  // namespace vaso::bench
