typedef struct {
  int32_t height;
  int32_t width;
  int32_t depth;
  int32_t output_height;
  int32_t output_width;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_y;
  int32_t stride_x;
  int32_t before_y;
  int32_t before_x;
  int32_t low;
  int32_t top;
} pool_layer;

typedef struct {
  int32_t top;
  int32_t bottom;
  int32_t left;
  int32_t right;
} pool_window;

static pool_window window_at(const pool_layer *p, int32_t at_y, int32_t at_x) {
  pool_window window;
  window.top = at_y * p->stride_y - p->before_y;
  window.left = at_x * p->stride_x - p->before_x;
  window.bottom = window.top + p->kernel_height;
  window.right = window.left + p->kernel_width;
  if (window.top < 0) window.top = 0;
  if (window.left < 0) window.left = 0;
  if (window.bottom > p->height) window.bottom = p->height;
  if (window.right > p->width) window.right = p->width;
  return window;
}

static int8_t pool_clamped(const pool_layer *p, int32_t value) {
  if (value < p->low) return (int8_t)p->low;
  if (value > p->top) return (int8_t)p->top;
  return (int8_t)value;
}
