#include "pairs.c"
static int32_t squared_difference_pair(const pair_layer *p, int32_t left, int32_t right) {
  const int32_t one = rescale(left * 128, p->multipliers[0], p->shifts[0]);
  const int32_t other = rescale(right * 128, p->multipliers[1], p->shifts[1]);
  const int32_t difference = one - other;
  return rescale(difference * difference, p->multipliers[2], p->shifts[2]);
}
