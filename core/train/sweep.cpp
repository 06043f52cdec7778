#include "train/sweep.hpp"

#include <c10/core/GradMode.h>

namespace vaso::train {

StudentSweep::StudentSweep(const Progress& progress, NetworkSet& student, const data::Pack& pack,
                           data::LoaderRequest request, std::int64_t view_size, const c10::Device& device)
    : progress_(progress), student_(student), request_(std::move(request)), device_(device) {
  ViewSpec whole;
  whole.size = view_size;
  request_.pack = &pack;
  request_.views = {whole};
  request_.maps.clear();
  request_.augment = false;
  request_.drop_last = false;
  student_.train(false);
}

StudentSweep::~StudentSweep() { student_.train(true); }

void StudentSweep::for_each_batch(const std::function<void(const Bag&)>& visit) {
  const c10::NoGradGuard no_gradient;
  data::Loader loader(request_);
  loader.begin(0);
  Bag batch;
  while (loader.next(batch)) {
    for (auto& [name, tensor] : batch) tensor = tensor.to(device_);
    visit(batch);
  }
}

}  // namespace vaso::train
