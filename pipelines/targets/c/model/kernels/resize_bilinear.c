typedef struct {
  int32_t height;
  int32_t width;
  int32_t depth;
  int32_t output_height;
  int32_t output_width;
  int32_t step_y; /* from one output to the next, in 1/1024 of a place of the input */
  int32_t step_x;
  int32_t start_y;
  int32_t start_x;
} bilinear_layer;

static int32_t place_before(int32_t at) {
  return at > 0 ? at / 1024 : 0;
}

static int32_t place_behind(int32_t at, int32_t size) {
  const int32_t place = (at + 1023) / 1024;
  return place < size ? place : size - 1;
}

static void resize_bilinear(const bilinear_layer *p, const int8_t *x, int8_t *y) {
  int32_t row, column, channel;
  for (row = 0; row < p->output_height; ++row) {
    const int32_t at_y = p->start_y + row * p->step_y;
    const int32_t up = place_before(at_y);
    const int32_t down = place_behind(at_y, p->height);
    const int32_t below = at_y - up * 1024;
    for (column = 0; column < p->output_width; ++column) {
      const int32_t at_x = p->start_x + column * p->step_x;
      const int32_t left = place_before(at_x);
      const int32_t right = place_behind(at_x, p->width);
      const int32_t beyond = at_x - left * 1024;
      for (channel = 0; channel < p->depth; ++channel) {
        const int8_t *from = x + channel;
        const int32_t up_left = from[(up * p->width + left) * p->depth];
        const int32_t down_left = from[(down * p->width + left) * p->depth];
        const int32_t up_right = from[(up * p->width + right) * p->depth];
        const int32_t down_right = from[(down * p->width + right) * p->depth];
        const int32_t at_left = up_left * (1024 - below) + down_left * below;
        const int32_t at_right = up_right * (1024 - below) + down_right * below;
        const int32_t sum = at_left * (1024 - beyond) + at_right * beyond;
        *y++ = (int8_t)((sum + (sum > 0 ? 524288 : -524288)) / 1048576);
      }
    }
  }
}
