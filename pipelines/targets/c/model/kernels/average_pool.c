#include "pool.c"
static void average_pool(const pool_layer *p, const int8_t *x, int8_t *y) {
  int32_t at_y, at_x, channel, row, column;
  for (at_y = 0; at_y < p->output_height; ++at_y) {
    for (at_x = 0; at_x < p->output_width; ++at_x) {
      const pool_window window = window_at(p, at_y, at_x);
      const int32_t count = (window.bottom - window.top) * (window.right - window.left);
      for (channel = 0; channel < p->depth; ++channel) {
        int32_t sum = 0;
        for (row = window.top; row < window.bottom; ++row) {
          const int8_t *from = x + (row * p->width + window.left) * p->depth + channel;
          for (column = window.left; column < window.right; ++column, from += p->depth) sum += *from;
        }
        sum = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
        *y++ = pool_clamped(p, sum);
      }
    }
  }
}
