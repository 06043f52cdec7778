// Transformer blocks that follow each other. On a CPU each thread takes some of the images through them
// (image_parts.hpp).
#pragma once

#include "model/transformer.hpp"

#include <vector>

namespace vaso::model {

struct BlocksRequest {
  std::vector<std::int64_t> layers = {};  // blocks, from 0, whose outputs are wanted
  bool attention = false;                 // whether the last block's weights are
  at::Generator generator = {};           // what stochastic depth draws from
  const Rotation* rotation = nullptr;     // as Attention takes it
};

struct BlocksResult {
  Residual stream;                 // after the last block
  std::vector<at::Tensor> layers;  // B×T×D each, as the request names them
  at::Tensor attention;            // B×heads×T×T, undefined where not wanted
};

class Blocks : public Sequence<Block> {
 public:
  using Sequence<Block>::Sequence;
  // x: B×T×D. Throws std::invalid_argument for a layer that is none, and what Block::forward throws.
  BlocksResult forward(const at::Tensor& x, const BlocksRequest& request = {});

 private:
  BlocksResult pass(const at::Tensor& x, const BlocksRequest& request);
};

}  // namespace vaso::model
