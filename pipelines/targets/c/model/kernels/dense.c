#include "cmsis_nn.c"
#include "dense_row.c"
typedef struct {
  const dense_weights *weights;
  int32_t rows;
} dense_layer;

#ifdef MODEL_USE_CMSIS_NN
static void dense(const dense_layer *p, const int8_t *x, int8_t *y) {
  const output_scales *scales = p->weights->scales;
  const cmsis_nn_context context = {NULL, 0};
  const cmsis_nn_fc_params params = {
      scales->sums != NULL ? -scales->input_zero : 0, 0, scales->output_zero, {scales->low, scales->top}};
  const cmsis_nn_dims input = {p->rows, 1, 1, p->weights->depth};
  const cmsis_nn_dims filter = {p->weights->depth, 1, 1, p->weights->outputs};
  const cmsis_nn_dims bias = {1, 1, 1, p->weights->outputs};
  const cmsis_nn_dims output = {p->rows, 1, 1, p->weights->outputs};
  const int8_t *weights = p->weights->weights;
  if (scales->by_channel) {
    const cmsis_nn_per_channel_quant_params factors = factors_of(scales->multipliers, scales->shifts);
    arm_fully_connected_per_channel_s8(
        &context, &params, &factors, &input, x, &filter, weights, &bias, scales->bias, &output, y);
  } else {
    const cmsis_nn_per_tensor_quant_params factor = {scales->multipliers[0], scales->shifts[0]};
    arm_fully_connected_s8(&context, &params, &factor, &input, x, &filter, weights, &bias, scales->bias, &output, y);
  }
}
#else
static void dense(const dense_layer *p, const int8_t *x, int8_t *y) {
  const int32_t outputs = p->weights->outputs;
  int32_t row;
  for (row = 0; row < p->rows; ++row, x += p->weights->depth, y += outputs) dense_row(p->weights, 0, outputs, x, y);
}
#endif
