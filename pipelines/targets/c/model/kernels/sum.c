#include "fixed_point.c"
#include "reduce.c"
static int32_t sum_of_two(int32_t result, int32_t value) {
  return result + value;
}

static void sum(const reduce_layer *p, const int8_t *x, int8_t *y) {
  const int32_t size = p->kept[0] * p->kept[1] * p->kept[2];
  int32_t place;
  for (place = 0; place < size; ++place) {
    int32_t total = reduced(p, sum_of_two, kept_at(p, x, place));
    total = rescale(total, p->multiplier, p->shift);
    *y++ = clamped(total + p->output_zero, -128, 127);
  }
}
