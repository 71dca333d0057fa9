#include "reduce.c"
static int32_t smaller_of_two(int32_t result, int32_t value) {
  return value < result ? value : result;
}

static void reduce_min(const reduce_layer *p, const int8_t *x, int8_t *y) {
  const int32_t size = p->kept[0] * p->kept[1] * p->kept[2];
  int32_t place;
  for (place = 0; place < size; ++place) {
    *y++ = (int8_t)reduced(p, smaller_of_two, kept_at(p, x, place));
  }
}
