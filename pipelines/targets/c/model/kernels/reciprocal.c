#include "fixed_point.c"
/* 1 / (1 + value); both in 2^-31, value from 0 to 1. Newton's method. */
static int32_t reciprocal_of_sum(int32_t value) {
  const int32_t half = (int32_t)(((int64_t)value + 2147483648LL) / 2);
  int32_t x = 1515870810 + high_product(half, -1010580540);
  int32_t step;
  for (step = 0; step < 3; ++step) {
    const int32_t error = ((int32_t)1 << 29) - high_product(half, x);
    x += high_product(x, error) * 4;
  }
  return x >= ((int32_t)1 << 30) ? 2147483647 : x * 2;
}
