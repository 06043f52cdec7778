// How the tensors of our encoder are made of another's: which are taken, joined, scaled, filled, and what is left over.
#pragma once

#include "weights/architecture.hpp"
#include "weights/found_encoder.hpp"
#include "weights/made_tensor.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vaso::weights {

// A tensor, or several of one kind, and what is to be said about it.
struct Remark {
  std::string name, text;
};

// The tensors of one encoder, sorted by what they are to ours. No errors: what cannot be represented is an obstacle.
struct EncoderParts {
  EncoderShape shape;                      // 0 where it cannot be derived
  std::int64_t parameters = 0;             // values that the encoder has in the file
  std::map<std::string, MadeTensor> made;  // by our names, shapes still empty
  std::vector<Remark> obstacles;           // by the file's names: what our encoder cannot represent
  std::vector<Remark> dropped;             // by the file's names, and why
};
EncoderParts sort_parts(const WeightFile& file, const FoundEncoder& encoder);

struct PlanOptions {
  std::string part;            // group or prefix of the encoder to take; "" = the first of find_encoders()
  std::string architecture;    // "vit_b_16": what it must turn out to be; "" = whatever it is
  std::int64_t heads = 0;      // where the width does not tell
  bool allow_missing = false;  // fill a class token or a last norm that the file lacks, for an encoder like MAE's
};

struct EncoderPlan {
  std::string source;  // recognise()
  FoundEncoder encoder;
  EncoderShape shape;
  std::vector<MadeTensor> tensors;  // all of our encoder, by our names
  std::vector<std::string> types;   // of the file's tensors that were not float32: "F16"
  std::vector<std::string> taken;   // by our names: values as they were, but for the type
  std::vector<Remark> changed;      // by our names: joined, scaled, reshaped
  std::vector<Remark> filled;       // by our names: new, and with what
  std::vector<Remark> dropped;
  std::vector<std::string> others;  // places of further encoders, as `part` takes them
};

// Throws WeightFileError where the file holds no vision transformer, one of another architecture than asked for, one
// that our encoder cannot represent (each reason named), or not all of one.
EncoderPlan plan_encoder(const WeightFile& file, const PlanOptions& options = {});

}  // namespace vaso::weights
