#include "pairs.c"
static int32_t subtract_pair(const pair_layer *p, int32_t left, int32_t right) {
  const int32_t one = rescale(left * ((int32_t)1 << 20), p->multipliers[0], p->shifts[0]);
  const int32_t other = rescale(right * ((int32_t)1 << 20), p->multipliers[1], p->shifts[1]);
  return rescale(one - other, p->multipliers[2], p->shifts[2]);
}
