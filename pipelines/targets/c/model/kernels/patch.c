typedef struct {
  int32_t height;
  int32_t width;
  int32_t depth;
  int32_t taken; /* channels of a place that one output takes */
  int32_t output_height;
  int32_t output_width;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_y;
  int32_t stride_x;
  int32_t dilation_y;
  int32_t dilation_x;
  int32_t before_y;
  int32_t before_x;
  int32_t input_zero; /* what stands outside of the picture */
} patch_layer;

/* One row of a window whose places lie one after the other, and what it has outside of the picture. */
static void copy_line(const patch_layer *p, const int8_t *x, int32_t start, int8_t *copy) {
  const int32_t depth = p->depth;
  const int32_t first = start < 0 ? -start : 0;
  const int32_t room = p->width - start;
  const int32_t behind = room < p->kernel_width ? room : p->kernel_width;
  if (first > 0) memset(copy, p->input_zero, (size_t)(first * depth));
  memcpy(copy + first * depth, x + (start + first) * depth, (size_t)((behind - first) * depth));
  if (behind < p->kernel_width) {
    memset(copy + behind * depth, p->input_zero, (size_t)((p->kernel_width - behind) * depth));
  }
}

/* The same of places that lie apart, or of some of the channels. */
static void copy_places(const patch_layer *p, const int8_t *x, int32_t start, int8_t *copy) {
  int32_t kx;
  for (kx = 0; kx < p->kernel_width; ++kx, start += p->dilation_x, copy += p->taken) {
    if (start < 0 || start >= p->width) {
      memset(copy, p->input_zero, (size_t)p->taken);
    } else {
      memcpy(copy, x + start * p->depth, (size_t)p->taken);
    }
  }
}

/* The values under a window, one after the other. */
static void copy_patch(const patch_layer *p, const int8_t *x, int32_t start_y, int32_t start_x, int8_t *copy) {
  const int32_t size = p->kernel_width * p->taken;
  int32_t ky;
  for (ky = 0; ky < p->kernel_height; ++ky, start_y += p->dilation_y, copy += size) {
    if (start_y < 0 || start_y >= p->height) {
      memset(copy, p->input_zero, (size_t)size);
    } else if (p->dilation_x == 1 && p->taken == p->depth) {
      copy_line(p, x + start_y * p->width * p->depth, start_x, copy);
    } else {
      copy_places(p, x + start_y * p->width * p->depth, start_x, copy);
    }
  }
}
