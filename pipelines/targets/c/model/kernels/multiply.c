#include "pairs.c"
static int32_t multiply_pair(const pair_layer *p, int32_t left, int32_t right) {
  return rescale(left * right, p->multipliers[0], p->shifts[0]);
}
