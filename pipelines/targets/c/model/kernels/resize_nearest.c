typedef struct {
  const int32_t *rows; /* of the input that each row of the output is */
  const int32_t *columns;
  int32_t width;
  int32_t depth;
  int32_t output_height;
  int32_t output_width;
} nearest_layer;

static void resize_nearest(const nearest_layer *p, const int8_t *x, int8_t *y) {
  int32_t row, column;
  for (row = 0; row < p->output_height; ++row) {
    for (column = 0; column < p->output_width; ++column, y += p->depth) {
      const int32_t place = p->rows[row] * p->width + p->columns[column];
      memcpy(y, x + place * p->depth, (size_t)p->depth);
    }
  }
}
