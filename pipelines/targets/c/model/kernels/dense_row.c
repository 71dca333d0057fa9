#include "scaled.c"
#include "dot.c"
#include "dot4.c"
typedef struct {
  const int8_t *weights; /* [outputs, depth] */
  const output_scales *scales;
  int32_t depth;
  int32_t outputs;
} dense_weights;

/* The given outputs of one row. */
static void dense_row(const dense_weights *p, int32_t first, int32_t behind, const int8_t *x, int8_t *y) {
  const int8_t *weights = p->weights + first * p->depth;
  for (; behind - first >= 4; first += 4, weights += 4 * p->depth) {
    int32_t sums[4], i;
    dot4(weights, x, p->depth, sums);
    for (i = 0; i < 4; ++i) *y++ = scaled(p->scales, first + i, sums[i]);
  }
  for (; first < behind; ++first, weights += p->depth) {
    *y++ = scaled(p->scales, first, dot(weights, x, p->depth));
  }
}
