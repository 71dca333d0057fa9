#include "shifted_down.c"
#include "reciprocal.c"
typedef struct {
  const int32_t *exponentials; /* of a difference to the greatest value of the row, in 2^-31 */
  int32_t differences; /* how many there are; what is further below counts nothing */
  int32_t rows;
  int32_t depth;
} softmax_layer;

static void softmax(const softmax_layer *p, const int8_t *x, int8_t *y) {
  int32_t row, i;
  for (row = 0; row < p->rows; ++row, x += p->depth, y += p->depth) {
    int32_t most = -128, sum = 0, over = 12, factor;
    uint32_t bits;
    for (i = 0; i < p->depth; ++i) {
      if (x[i] > most) most = x[i];
    }
    for (i = 0; i < p->depth; ++i) {
      const int32_t difference = most - x[i];
      if (difference < p->differences) sum += shifted_down(p->exponentials[difference], 12);
    }
    bits = (uint32_t)sum;
    while (bits < 0x80000000U) {
      bits <<= 1;
      --over;
    }
    factor = reciprocal_of_sum((int32_t)(bits - 0x80000000U));
    for (i = 0; i < p->depth; ++i) {
      const int32_t difference = most - x[i];
      int32_t value = 0;
      if (difference < p->differences) {
        value = shifted_down(high_product(factor, p->exponentials[difference]), over + 23);
      }
      y[i] = clamped(value - 128, -128, 127);
    }
  }
}
