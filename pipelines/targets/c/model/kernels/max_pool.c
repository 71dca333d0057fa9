#include "pool.c"
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
