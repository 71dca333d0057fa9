#include "pairs.c"
static int32_t maximum_pair(const pair_layer *p, int32_t left, int32_t right) {
  (void)p;
  return left > right ? left : right;
}
