#include "fixed_point.c"
#include "dot.c"
typedef struct {
  const int8_t *weights; /* [outputs, depth] */
  const int32_t *bias; /* one an output, or NULL */
  const int32_t *sums; /* of the weights of an output, or NULL where they are in the bias */
  const int32_t *multipliers; /* one an output, or one for all */
  const int8_t *shifts;
  int32_t by_channel; /* 1, or 0 where one multiplier is for all */
  int32_t rows;
  int32_t depth;
  int32_t outputs;
  int32_t input_zero;
  int32_t output_zero;
  int32_t low;
  int32_t top;
} dense_layer;

static void dense(const dense_layer *p, const int8_t *x, int8_t *y) {
  int32_t row, output;
  for (row = 0; row < p->rows; ++row, x += p->depth) {
    const int8_t *weights = p->weights;
    for (output = 0; output < p->outputs; ++output, weights += p->depth) {
      const int32_t channel = output * p->by_channel;
      int32_t sum = dot(weights, x, p->depth);
      if (p->bias != NULL) sum += p->bias[output];
      if (p->sums != NULL) sum -= p->input_zero * p->sums[output];
      sum = rescale(sum, p->multipliers[channel], p->shifts[channel]);
      *y++ = clamped(sum + p->output_zero, p->low, p->top);
    }
  }
}
