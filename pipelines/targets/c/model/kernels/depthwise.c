#include "fixed_point.c"
typedef struct {
  const int8_t *weights; /* [kernel_height, kernel_width, outputs] */
  const int32_t *bias;
  const int32_t *multipliers; /* one an output, or one for all */
  const int8_t *shifts;
  int32_t by_channel;
  int32_t height;
  int32_t width;
  int32_t depth;
  int32_t multiples; /* outputs of one channel of the input */
  int32_t output_height;
  int32_t output_width;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_y;
  int32_t stride_x;
  int32_t dilation_y;
  int32_t dilation_x;
  int32_t before_y;
  int32_t before_x;
  int32_t input_zero;
  int32_t output_zero;
  int32_t low;
  int32_t top;
} depthwise_layer;

static int32_t depthwise_sum(const depthwise_layer *p, const int8_t *x, const int8_t *weights, int32_t start_y, int32_t start_x) {
  const int32_t outputs = p->depth * p->multiples;
  const int32_t step = p->dilation_x * p->depth;
  const int32_t zero = p->input_zero;
  int32_t sum = 0, ky, kx;
  for (ky = 0; ky < p->kernel_height; ++ky) {
    const int32_t at_y = start_y + ky * p->dilation_y;
    const int8_t *from, *weight;
    int32_t at_x = start_x;
    if (at_y < 0 || at_y >= p->height) continue;
    from = x + (at_y * p->width + start_x) * p->depth;
    weight = weights + ky * p->kernel_width * outputs;
    for (kx = 0; kx < p->kernel_width; ++kx, at_x += p->dilation_x, from += step, weight += outputs) {
      if (at_x >= 0 && at_x < p->width) sum += *weight * (*from - zero);
    }
  }
  return sum;
}

static void depthwise(const depthwise_layer *p, const int8_t *x, int8_t *y) {
  int32_t at_y, at_x, depth, multiple;
  for (at_y = 0; at_y < p->output_height; ++at_y) {
    for (at_x = 0; at_x < p->output_width; ++at_x) {
      const int32_t start_y = at_y * p->stride_y - p->before_y;
      const int32_t start_x = at_x * p->stride_x - p->before_x;
      int32_t output = 0;
      for (depth = 0; depth < p->depth; ++depth) {
        for (multiple = 0; multiple < p->multiples; ++multiple, ++output) {
          const int32_t channel = output * p->by_channel;
          int32_t sum = p->bias[output];
          sum += depthwise_sum(p, x + depth, p->weights + output, start_y, start_x);
          sum = rescale(sum, p->multipliers[channel], p->shifts[channel]);
          *y++ = clamped(sum + p->output_zero, p->low, p->top);
        }
      }
    }
  }
}
