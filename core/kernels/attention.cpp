#include "kernels/attention.hpp"

#include "kernels/clones.hpp"
#include "kernels/exp_of_negative.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vaso::kernels {
namespace {

// So many values of T×T weights at a time: two such blocks stay in a core's second-level cache.
constexpr std::int64_t kBlockValues = std::int64_t{48} * 1024, kLeastRows = 32;

// A matrix in row order, the rows `stride` apart.
struct Rows {
  const float* values;
  std::int64_t stride;
};

// c (m×n) = alpha · op(a) · op(b) + beta · c with inner dimension k.
void product(Sgemm sgemm, bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
             float alpha, Rows a, Rows b, float beta, float* c, std::int64_t c_stride) {
  // Column by column, a matrix in row order is its transpose: cᵀ = op(b)ᵀ · op(a)ᵀ.
  const int columns = static_cast<int>(n), rows = static_cast<int>(m), inner = static_cast<int>(k);
  const int lda = static_cast<int>(b.stride), ldb = static_cast<int>(a.stride), ldc = static_cast<int>(c_stride);
  sgemm(transpose_b ? "T" : "N", transpose_a ? "T" : "N", &columns, &rows, &inner, &alpha, b.values, &lda, a.values,
        &ldb, &beta, c, &ldc);
}

struct Denominator {
  float sum, log_sum;  // of e^(logit − largest); the logarithm of that of e^logit
};

// Logits of one row become e^(logit − largest).
VASO_CPU_CLONES Denominator exponentials(float* row, std::int64_t count) {
  float largest = row[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, row[i]);
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    row[i] = exp_of_negative(row[i] - largest);
    sum += row[i];
  }
  return {sum, largest + std::log(sum)};
}

// Logits become weights, and the weights' gradients those of the logits: w·(g − mean)·scale, mean = Σ w·g of the row.
VASO_CPU_CLONES void logit_gradients(float* weights, float* gradients, std::int64_t count, float log_sum, float mean,
                                     float scale) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float weight = exp_of_negative(weights[i] - log_sum);
    weights[i] = weight;
    gradients[i] = weight * (gradients[i] - mean) * scale;
  }
}

VASO_CPU_CLONES void scale_row(float* row, std::int64_t count, float factor) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) row[i] *= factor;
}

VASO_CPU_CLONES float dot(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

std::int64_t rows_at_a_time(std::int64_t tokens) {
  return std::min(tokens, std::max(kLeastRows, kBlockValues / std::max<std::int64_t>(tokens, 1)));
}

// Where the parts of one head of one image begin.
struct Head {
  std::int64_t qkv_stride, out_stride;  // from token to token
  std::int64_t query, key, value, out, log_sums;

  // Among all heads of all images.
  Head(const AttentionShape& shape, std::int64_t index) {
    const std::int64_t image = index / shape.heads, head = index % shape.heads, dim = shape.heads * shape.width;
    qkv_stride = 3 * dim;
    out_stride = dim;
    query = image * shape.tokens * qkv_stride + head * shape.width;
    key = query + dim;
    value = key + dim;
    out = image * shape.tokens * out_stride + head * shape.width;
    log_sums = index * shape.tokens;
  }
  // By itself: tokens×3×width, and tokens×width. `log_sums` as among all.
  static Head alone(const AttentionShape& shape, std::int64_t index) {
    Head head({1, shape.tokens, 1, shape.width}, 0);
    head.log_sums = index * shape.tokens;
    return head;
  }
};

void head_forward(Sgemm sgemm, const AttentionShape& shape, const Head& head, const float* qkv, float* out,
                  float* log_sums, float* logits, float* sums) {
  const std::int64_t tokens = shape.tokens, width = shape.width, step = rows_at_a_time(tokens);
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  const Rows key{qkv + head.key, head.qkv_stride}, value{qkv + head.value, head.qkv_stride};
  for (std::int64_t first = 0; first < tokens; first += step) {
    const std::int64_t rows = std::min(step, tokens - first);
    const Rows query{qkv + head.query + first * head.qkv_stride, head.qkv_stride};
    float* const mixed = out + head.out + first * head.out_stride;
    product(sgemm, false, true, rows, tokens, width, scale, query, key, 0, logits, tokens);
    for (std::int64_t i = 0; i < rows; ++i) {
      const Denominator denominator = exponentials(logits + i * tokens, tokens);
      log_sums[head.log_sums + first + i] = denominator.log_sum;
      sums[i] = denominator.sum;
    }
    product(sgemm, false, false, rows, width, tokens, 1, {logits, tokens}, value, 0, mixed, head.out_stride);
    for (std::int64_t i = 0; i < rows; ++i) {  // the division is put off until here, where there is less to divide
      scale_row(mixed + i * head.out_stride, width, 1.0f / sums[i]);
    }
  }
}

void head_backward(Sgemm sgemm, const AttentionShape& shape, const Head& head, const float* qkv, const float* out,
                   const float* log_sums, const float* out_gradient, float* qkv_gradient, float* weights,
                   float* gradients) {
  const std::int64_t tokens = shape.tokens, width = shape.width, step = rows_at_a_time(tokens);
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  const Rows key{qkv + head.key, head.qkv_stride}, value{qkv + head.value, head.qkv_stride};
  for (std::int64_t first = 0; first < tokens; first += step) {
    const std::int64_t rows = std::min(step, tokens - first);
    const float add = first == 0 ? 0.0f : 1.0f;
    const Rows query{qkv + head.query + first * head.qkv_stride, head.qkv_stride};
    const std::int64_t place = head.out + first * head.out_stride;
    const Rows mixed_gradient{out_gradient + place, head.out_stride};
    product(sgemm, false, true, rows, tokens, width, scale, query, key, 0, weights, tokens);
    product(sgemm, false, true, rows, tokens, width, 1, mixed_gradient, value, 0, gradients, tokens);
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t row = place + i * head.out_stride;
      logit_gradients(weights + i * tokens, gradients + i * tokens, tokens, log_sums[head.log_sums + first + i],
                      dot(out + row, out_gradient + row, width), scale);
    }
    product(sgemm, true, false, tokens, width, rows, 1, {weights, tokens}, mixed_gradient, add,
            qkv_gradient + head.value, head.qkv_stride);
    product(sgemm, false, false, rows, width, tokens, 1, {gradients, tokens}, key, 0,
            qkv_gradient + head.query + first * head.qkv_stride, head.qkv_stride);
    product(sgemm, true, false, tokens, width, rows, 1, {gradients, tokens}, query, add, qkv_gradient + head.key,
            head.qkv_stride);
  }
}

std::size_t block_values(const AttentionShape& shape) {
  return static_cast<std::size_t>(rows_at_a_time(shape.tokens) * shape.tokens);
}

// Between a head in bf16 among all and the same by itself in float32: `parts` of `width` numbers for each token,
// `apart` from each other, tokens `stride` apart.
struct Parts {
  std::int64_t tokens, width, parts, apart, stride;
};
VASO_CPU_CLONES void widen(const Parts& of, const Bfloat16* from, float* to) {
  for (std::int64_t token = 0; token < of.tokens; ++token) {
    for (std::int64_t part = 0; part < of.parts; ++part, to += of.width) {
      const Bfloat16* const row = from + token * of.stride + part * of.apart;
      for (std::int64_t i = 0; i < of.width; ++i) to[i] = wide(row[i]);
    }
  }
}
VASO_CPU_CLONES void narrow_to(const Parts& of, const float* from, Bfloat16* to) {
  for (std::int64_t token = 0; token < of.tokens; ++token) {
    for (std::int64_t part = 0; part < of.parts; ++part, from += of.width) {
      Bfloat16* const row = to + token * of.stride + part * of.apart;
      for (std::int64_t i = 0; i < of.width; ++i) narrow(from[i], row[i]);
    }
  }
}

Parts qkv_parts(const AttentionShape& shape) {
  const std::int64_t dim = shape.heads * shape.width;
  return {shape.tokens, shape.width, 3, dim, 3 * dim};
}
Parts out_parts(const AttentionShape& shape) { return {shape.tokens, shape.width, 1, 0, shape.heads * shape.width}; }

using Values = std::vector<float>;

std::size_t head_values(const AttentionShape& shape) { return static_cast<std::size_t>(shape.tokens * shape.width); }

}  // namespace

void attention_forward(Sgemm sgemm, const AttentionShape& shape, const float* qkv, float* out, float* log_sums) {
#pragma omp parallel
  {
    Values logits(block_values(shape)), sums(static_cast<std::size_t>(rows_at_a_time(shape.tokens)));
#pragma omp for schedule(static)
    for (std::int64_t index = 0; index < shape.batch * shape.heads; ++index) {
      head_forward(sgemm, shape, {shape, index}, qkv, out, log_sums, logits.data(), sums.data());
    }
  }
}

void attention_forward(Sgemm sgemm, const AttentionShape& shape, const Bfloat16* qkv, Bfloat16* out, float* log_sums) {
#pragma omp parallel
  {
    Values logits(block_values(shape)), sums(static_cast<std::size_t>(rows_at_a_time(shape.tokens)));
    Values wide_qkv(3 * head_values(shape)), wide_out(head_values(shape));
#pragma omp for schedule(static)
    for (std::int64_t index = 0; index < shape.batch * shape.heads; ++index) {
      const Head head(shape, index);
      widen(qkv_parts(shape), qkv + head.query, wide_qkv.data());
      head_forward(sgemm, shape, Head::alone(shape, index), wide_qkv.data(), wide_out.data(), log_sums, logits.data(),
                   sums.data());
      narrow_to(out_parts(shape), wide_out.data(), out + head.out);
    }
  }
}

void attention_backward(Sgemm sgemm, const AttentionShape& shape, const float* qkv, const float* out,
                        const float* log_sums, const float* out_gradient, float* qkv_gradient) {
#pragma omp parallel
  {
    Values weights(block_values(shape)), gradients(weights.size());
#pragma omp for schedule(static)
    for (std::int64_t index = 0; index < shape.batch * shape.heads; ++index) {
      head_backward(sgemm, shape, {shape, index}, qkv, out, log_sums, out_gradient, qkv_gradient, weights.data(),
                    gradients.data());
    }
  }
}

void attention_backward(Sgemm sgemm, const AttentionShape& shape, const Bfloat16* qkv, const Bfloat16* out,
                        const float* log_sums, const Bfloat16* out_gradient, Bfloat16* qkv_gradient) {
#pragma omp parallel
  {
    Values weights(block_values(shape)), gradients(weights.size());
    Values wide_qkv(3 * head_values(shape)), wide_out(head_values(shape)), wide_gradient(wide_out.size()),
        wide_qkv_gradient(wide_qkv.size());
#pragma omp for schedule(static)
    for (std::int64_t index = 0; index < shape.batch * shape.heads; ++index) {
      const Head head(shape, index);
      widen(qkv_parts(shape), qkv + head.query, wide_qkv.data());
      widen(out_parts(shape), out + head.out, wide_out.data());
      widen(out_parts(shape), out_gradient + head.out, wide_gradient.data());
      head_backward(sgemm, shape, Head::alone(shape, index), wide_qkv.data(), wide_out.data(), log_sums,
                    wide_gradient.data(), wide_qkv_gradient.data(), weights.data(), gradients.data());
      narrow_to(qkv_parts(shape), wide_qkv_gradient.data(), qkv_gradient + head.query);
    }
  }
}

}  // namespace vaso::kernels
