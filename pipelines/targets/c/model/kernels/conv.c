#include "cmsis_nn.c"
#include "patch.c"
#include "dense_row.c"
typedef struct {
  const dense_weights *weights; /* [outputs, kernel_height, kernel_width, taken]; less what the zero point adds */
  const patch_layer *patch;
  int32_t groups;
} conv_layer;

#ifndef MODEL_USE_CMSIS_NN
/* The values under a window: where they are if they lie one after the other there, or a copy. */
static const int8_t *patch_at(const patch_layer *p, const int8_t *x, int32_t at_y, int32_t at_x, int8_t *copy) {
  const int32_t start_y = at_y * p->stride_y - p->before_y;
  const int32_t start_x = at_x * p->stride_x - p->before_x;
  const int32_t is_row = p->kernel_height == 1 && p->dilation_x == 1 && p->taken == p->depth;
  if (is_row && start_x >= 0 && start_x + p->kernel_width <= p->width) {
    return x + (start_y * p->width + start_x) * p->depth;
  }
  copy_patch(p, x, start_y, start_x, copy);
  return copy;
}

static void conv(const conv_layer *p, const int8_t *x, int8_t *y, int8_t *copy) {
  const int32_t outputs = p->weights->outputs / p->groups;
  int32_t at_y, at_x, group;
  for (at_y = 0; at_y < p->patch->output_height; ++at_y) {
    for (at_x = 0; at_x < p->patch->output_width; ++at_x) {
      for (group = 0; group < p->groups; ++group, y += outputs) {
        const int8_t *patch = patch_at(p->patch, x + group * p->patch->taken, at_y, at_x, copy);
        dense_row(p->weights, group * outputs, (group + 1) * outputs, patch, y);
      }
    }
  }
}
#else
static void conv(const conv_layer *p, const int8_t *x, int8_t *y, int8_t *scratch) {
  const patch_layer *patch = p->patch;
  const output_scales *scales = p->weights->scales;
  const int32_t outputs = p->weights->outputs;
  const cmsis_nn_context context = {scratch, 0};
  const cmsis_nn_conv_params params = {
      -patch->input_zero, scales->output_zero, {patch->stride_x, patch->stride_y}, {patch->before_x, patch->before_y},
      {patch->dilation_x, patch->dilation_y}, {scales->low, scales->top}};
  const cmsis_nn_per_channel_quant_params factors = factors_of(scales->multipliers, scales->shifts);
  const cmsis_nn_dims input = {1, patch->height, patch->width, patch->depth};
  const cmsis_nn_dims filter = {outputs, patch->kernel_height, patch->kernel_width, patch->taken};
  const cmsis_nn_dims bias = {1, 1, 1, outputs};
  const cmsis_nn_dims output = {1, patch->output_height, patch->output_width, outputs};
  const int8_t *weights = p->weights->weights;
  arm_cmsis_nn_status status;
  status = arm_convolve_wrapper_s8(
      &context, &params, &factors, &input, x, &filter, weights, &bias, scales->bias, &output, y);
  if (status != ARM_CMSIS_NN_SUCCESS) {
    arm_convolve_s8(
        &context, &params, &factors, &input, x, &filter, weights, &bias, scales->bias, NULL, &output, y);
  }
}
#endif
