#include "cmsis_nn.c"
#include "patch.c"
typedef struct {
  const int8_t *weights; /* [kernel_height, kernel_width, outputs] */
  const output_scales *scales; /* their bias less what the zero point adds */
  const patch_layer *patch;
  int32_t multiples; /* outputs of one channel of the input */
} depthwise_layer;

#ifndef MODEL_USE_CMSIS_NN
/* Where the values under a window lie: how far apart its rows and the places of a row are. */
typedef struct {
  const int8_t *start;
  int32_t row;
  int32_t place;
} depthwise_window;

static depthwise_window window_of(const patch_layer *p, const int8_t *x, int32_t start_y, int32_t start_x, int8_t *copy) {
  const int32_t last_y = start_y + (p->kernel_height - 1) * p->dilation_y;
  const int32_t last_x = start_x + (p->kernel_width - 1) * p->dilation_x;
  depthwise_window window;
  if (start_y < 0 || start_x < 0 || last_y >= p->height || last_x >= p->width) {
    copy_patch(p, x, start_y, start_x, copy);
    window.start = copy;
    window.row = p->kernel_width * p->depth;
    window.place = p->depth;
  } else {
    window.start = x + (start_y * p->width + start_x) * p->depth;
    window.row = p->dilation_y * p->width * p->depth;
    window.place = p->dilation_x * p->depth;
  }
  return window;
}

static void four_channels(const depthwise_layer *p, const depthwise_window *window, int32_t channel, int8_t *y) {
  const int32_t outputs = p->patch->depth, place = window->place, columns = p->patch->kernel_width;
  const int8_t *row = window->start + channel, *weights = p->weights + channel;
  int32_t a = 0, b = 0, c = 0, d = 0, ky, kx;
  for (ky = p->patch->kernel_height; ky > 0; --ky, row += window->row) {
    const int8_t *x = row;
    for (kx = columns; kx > 0; --kx, x += place, weights += outputs) {
      a += (int32_t)weights[0] * x[0];
      b += (int32_t)weights[1] * x[1];
      c += (int32_t)weights[2] * x[2];
      d += (int32_t)weights[3] * x[3];
    }
  }
  y[0] = scaled(p->scales, channel, a);
  y[1] = scaled(p->scales, channel + 1, b);
  y[2] = scaled(p->scales, channel + 2, c);
  y[3] = scaled(p->scales, channel + 3, d);
}

static int8_t one_channel(const depthwise_layer *p, const depthwise_window *window, int32_t output) {
  const int32_t outputs = p->patch->depth * p->multiples;
  const int8_t *row = window->start + output / p->multiples, *weights = p->weights + output;
  int32_t sum = 0, ky, kx;
  for (ky = 0; ky < p->patch->kernel_height; ++ky, row += window->row) {
    for (kx = 0; kx < p->patch->kernel_width; ++kx, weights += outputs) {
      sum += (int32_t)*weights * row[kx * window->place];
    }
  }
  return scaled(p->scales, output, sum);
}

static void depthwise(const depthwise_layer *p, const int8_t *x, int8_t *y, int8_t *copy) {
  const patch_layer *patch = p->patch;
  const int32_t outputs = patch->depth * p->multiples;
  int32_t at_y, at_x;
  for (at_y = 0; at_y < patch->output_height; ++at_y) {
    for (at_x = 0; at_x < patch->output_width; ++at_x, y += outputs) {
      const int32_t start_y = at_y * patch->stride_y - patch->before_y;
      const int32_t start_x = at_x * patch->stride_x - patch->before_x;
      const depthwise_window window = window_of(patch, x, start_y, start_x, copy);
      int32_t output = 0;
      if (p->multiples == 1) {
        for (; outputs - output >= 4; output += 4) four_channels(p, &window, output, y + output);
      }
      for (; output < outputs; ++output) y[output] = one_channel(p, &window, output);
    }
  }
}
#else
static void depthwise(const depthwise_layer *p, const int8_t *x, int8_t *y, int8_t *scratch) {
  const patch_layer *patch = p->patch;
  const output_scales *scales = p->scales;
  const int32_t outputs = patch->depth * p->multiples;
  const cmsis_nn_context context = {scratch, 0};
  const cmsis_nn_dw_conv_params params = {
      -patch->input_zero, scales->output_zero, p->multiples, {patch->stride_x, patch->stride_y},
      {patch->before_x, patch->before_y}, {patch->dilation_x, patch->dilation_y}, {scales->low, scales->top}};
  const cmsis_nn_per_channel_quant_params factors = factors_of(scales->multipliers, scales->shifts);
  const cmsis_nn_dims input = {1, patch->height, patch->width, patch->depth};
  const cmsis_nn_dims filter = {1, patch->kernel_height, patch->kernel_width, outputs};
  const cmsis_nn_dims bias = {1, 1, 1, outputs};
  const cmsis_nn_dims output = {1, patch->output_height, patch->output_width, outputs};
  arm_depthwise_conv_wrapper_s8(
      &context, &params, &factors, &input, x, &filter, p->weights, &bias, scales->bias, &output, y);
}
#endif
