#include "fixed_point.c"
#include "dot.c"
typedef struct {
  const int8_t *weights; /* [outputs, kernel_height, kernel_width, depth] */
  const int32_t *sums; /* of the weights of each place, [outputs, kernel_height, kernel_width] */
  const int32_t *bias;
  const int32_t *multipliers;
  const int8_t *shifts;
  int32_t by_channel;
  int32_t height;
  int32_t width;
  int32_t depth;
  int32_t output_height;
  int32_t output_width;
  int32_t outputs;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_y;
  int32_t stride_x;
  int32_t before_y;
  int32_t before_x;
  int32_t input_zero;
  int32_t output_zero;
  int32_t low;
  int32_t top;
} transposed_layer;

/* The place of the input that a place of the kernel takes for an output, or -1. */
static int32_t taken_at(int32_t at, int32_t stride, int32_t size) {
  if (at < 0 || at % stride != 0 || at / stride >= size) return -1;
  return at / stride;
}

static void transposed_conv(const transposed_layer *p, const int8_t *x, int8_t *y) {
  int32_t at_y, at_x, output, ky, kx;
  for (at_y = 0; at_y < p->output_height; ++at_y) {
    for (at_x = 0; at_x < p->output_width; ++at_x) {
      for (output = 0; output < p->outputs; ++output) {
        const int32_t channel = output * p->by_channel;
        int32_t sum = p->bias[output];
        for (ky = 0; ky < p->kernel_height; ++ky) {
          const int32_t row = taken_at(at_y + p->before_y - ky, p->stride_y, p->height);
          if (row < 0) continue;
          for (kx = 0; kx < p->kernel_width; ++kx) {
            const int32_t column = taken_at(at_x + p->before_x - kx, p->stride_x, p->width);
            const int32_t place = (output * p->kernel_height + ky) * p->kernel_width + kx;
            if (column < 0) continue;
            sum += dot(p->weights + place * p->depth, x + (row * p->width + column) * p->depth, p->depth);
            sum -= p->input_zero * p->sums[place];
          }
        }
        sum = rescale(sum, p->multipliers[channel], p->shifts[channel]);
        *y++ = clamped(sum + p->output_zero, p->low, p->top);
      }
    }
  }
}
