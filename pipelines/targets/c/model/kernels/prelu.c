#include "pairs.c"
/* The second one is the slope below 0. */
static int32_t prelu_pair(const pair_layer *p, int32_t left, int32_t right) {
  if (left >= 0) return rescale(left, p->multipliers[0], p->shifts[0]);
  return rescale(left * right, p->multipliers[1], p->shifts[1]);
}
