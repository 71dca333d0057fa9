#include "fixed_point.c"
#include "dot.c"
typedef struct {
  const int8_t *weights; /* [outputs, kernel_height, kernel_width, taken] */
  const int32_t *bias; /* less what the zero point of the input adds */
  const int32_t *multipliers; /* one an output, or one for all */
  const int8_t *shifts;
  int32_t by_channel;
  int32_t height;
  int32_t width;
  int32_t depth;
  int32_t taken; /* channels of the input that one output takes */
  int32_t output_height;
  int32_t output_width;
  int32_t outputs;
  int32_t outputs_a_group;
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
} conv_layer;

static int32_t sum_of(const int8_t *weights, int32_t size) {
  int32_t sum = 0;
  for (; size > 0; --size) sum += *weights++;
  return sum;
}

/* The first place of a kernel that is not before the picture, and the first one behind it. */
static int32_t first_inside(int32_t start, int32_t dilation, int32_t size) {
  const int32_t first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  return first < size ? first : size;
}

static int32_t first_behind(int32_t start, int32_t dilation, int32_t size, int32_t length) {
  const int32_t behind = start >= length ? 0 : (length - start + dilation - 1) / dilation;
  return behind < size ? behind : size;
}

/* One row of the kernel; what lies outside of the picture is as the zero point. */
static int32_t kernel_row(const conv_layer *p, const int8_t *weights, const int8_t *x, int32_t first, int32_t behind) {
  const int32_t taken = p->taken;
  int32_t sum = 0, place;
  if (first > 0) sum += p->input_zero * sum_of(weights, first * taken);
  if (behind < p->kernel_width) {
    sum += p->input_zero * sum_of(weights + behind * taken, (p->kernel_width - behind) * taken);
  }
  if (p->dilation_x == 1 && taken == p->depth) {
    return sum + dot(weights + first * taken, x + first * taken, (behind - first) * taken);
  }
  for (place = first; place < behind; ++place) {
    sum += dot(weights + place * taken, x + place * p->dilation_x * p->depth, taken);
  }
  return sum;
}

static void conv(const conv_layer *p, const int8_t *x, int8_t *y) {
  const int32_t row_size = p->kernel_width * p->taken;
  int32_t at_y, at_x, output, ky;
  for (at_y = 0; at_y < p->output_height; ++at_y) {
    const int32_t start_y = at_y * p->stride_y - p->before_y;
    const int32_t first_y = first_inside(start_y, p->dilation_y, p->kernel_height);
    const int32_t behind_y = first_behind(start_y, p->dilation_y, p->kernel_height, p->height);
    for (at_x = 0; at_x < p->output_width; ++at_x) {
      const int32_t start_x = at_x * p->stride_x - p->before_x;
      const int32_t first_x = first_inside(start_x, p->dilation_x, p->kernel_width);
      const int32_t behind_x = first_behind(start_x, p->dilation_x, p->kernel_width, p->width);
      const int8_t *weights = p->weights;
      for (output = 0; output < p->outputs; ++output) {
        const int32_t channel = output * p->by_channel;
        const int32_t group = output / p->outputs_a_group * p->taken;
        int32_t sum = p->bias[output];
        for (ky = 0; ky < p->kernel_height; ++ky, weights += row_size) {
          if (ky < first_y || ky >= behind_y) {
            sum += p->input_zero * sum_of(weights, row_size);
          } else {
            const int32_t line = (start_y + ky * p->dilation_y) * p->width + start_x;
            sum += kernel_row(p, weights, x + line * p->depth + group, first_x, behind_x);
          }
        }
        sum = rescale(sum, p->multipliers[channel], p->shifts[channel]);
        *y++ = clamped(sum + p->output_zero, p->low, p->top);
      }
    }
  }
}
