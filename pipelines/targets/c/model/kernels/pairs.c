#include "fixed_point.c"
typedef struct {
  int32_t sizes[5];
  int32_t left[5]; /* how far apart the values of each axis are; 0 where one stands for all */
  int32_t right[5];
  int32_t zeros[3]; /* of left, right and output */
  int32_t multipliers[3];
  int32_t shifts[3];
  int32_t low;
  int32_t top;
} pair_layer;

typedef int32_t (*pair_function)(const pair_layer *p, int32_t left, int32_t right);

static void each_pair(const pair_layer *p, pair_function function, const int8_t *left, const int8_t *right, int8_t *y) {
  int32_t a, b, c, d, e;
  for (a = 0; a < p->sizes[0]; ++a) {
    for (b = 0; b < p->sizes[1]; ++b) {
      for (c = 0; c < p->sizes[2]; ++c) {
        for (d = 0; d < p->sizes[3]; ++d) {
          const int8_t *one = left + a * p->left[0] + b * p->left[1] + c * p->left[2] + d * p->left[3];
          const int8_t *other = right + a * p->right[0] + b * p->right[1] + c * p->right[2] + d * p->right[3];
          for (e = 0; e < p->sizes[4]; ++e, one += p->left[4], other += p->right[4]) {
            *y++ = clamped(function(p, *one - p->zeros[0], *other - p->zeros[1]) + p->zeros[2], p->low, p->top);
          }
        }
      }
    }
  }
}
