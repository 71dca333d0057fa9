#include "fixed_point.c"
typedef struct {
  int32_t matrices;
  int32_t rows;
  int32_t columns;
  int32_t depth;
  int32_t left[3]; /* how far apart matrices, rows and the factors of a sum are */
  int32_t right[3]; /* matrices, columns, factors */
  int32_t left_zero;
  int32_t right_zero;
  int32_t multiplier;
  int32_t shift;
  int32_t output_zero;
} matrix_product;

static void multiply_matrices(const matrix_product *p, const int8_t *left, const int8_t *right, int8_t *y) {
  int32_t matrix, row, column, i;
  for (matrix = 0; matrix < p->matrices; ++matrix, left += p->left[0], right += p->right[0]) {
    for (row = 0; row < p->rows; ++row) {
      for (column = 0; column < p->columns; ++column) {
        const int8_t *one = left + row * p->left[1];
        const int8_t *other = right + column * p->right[1];
        int32_t sum = 0;
        for (i = 0; i < p->depth; ++i, one += p->left[2], other += p->right[2]) {
          sum += (*one - p->left_zero) * (*other - p->right_zero);
        }
        sum = rescale(sum, p->multiplier, p->shift);
        *y++ = clamped(sum + p->output_zero, -128, 127);
      }
    }
  }
}
