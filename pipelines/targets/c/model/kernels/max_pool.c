#include "cmsis_nn.c"
#include "pool.c"
#ifndef MODEL_USE_CMSIS_NN
static void max_pool(const pool_layer *p, const int8_t *x, int8_t *y) {
  int32_t at_y, at_x, channel, row, column;
  for (at_y = 0; at_y < p->output_height; ++at_y) {
    for (at_x = 0; at_x < p->output_width; ++at_x) {
      const pool_window window = window_at(p, at_y, at_x);
      for (channel = 0; channel < p->depth; ++channel) {
        int8_t most = -128;
        for (row = window.top; row < window.bottom; ++row) {
          const int8_t *from = x + (row * p->width + window.left) * p->depth + channel;
          for (column = window.left; column < window.right; ++column, from += p->depth) {
            if (*from > most) most = *from;
          }
        }
        *y++ = pool_clamped(p, most);
      }
    }
  }
}
#else
static void max_pool(const pool_layer *p, const int8_t *x, int8_t *y) {
  const cmsis_nn_context context = {NULL, 0};
  const cmsis_nn_pool_params params = {
      {p->stride_x, p->stride_y}, {p->before_x, p->before_y}, {p->low, p->top}};
  const cmsis_nn_dims input = {1, p->height, p->width, p->depth};
  const cmsis_nn_dims filter = {1, p->kernel_height, p->kernel_width, 1};
  const cmsis_nn_dims output = {1, p->output_height, p->output_width, p->depth};
  arm_max_pool_s8(&context, &params, &input, x, &filter, &output, y);
}
#endif
