#include "pairs.c"
#include "reciprocal.c"
#include "shifted_down.c"
/* How far a value can be shifted up without a change of its sign. */
static int32_t headroom_of(int32_t value) {
  const int32_t size = value < 0 ? -1 - value : value;
  int32_t room = 0;
  while (room < 31 && (size >> (30 - room)) == 0) ++room;
  return room;
}

/* The quotient by the reciprocal of the divisor; one of 0 counts as 1. */
static int32_t divide_pair(const pair_layer *p, int32_t left, int32_t right) {
  int32_t digits = 31, room, value;
  uint32_t bits = (uint32_t)(right < 0 ? -right : right);
  if (left == 0) return 0;
  if (right < 0) left = -left;
  if (bits == 0) bits = 1U;
  while (bits < 0x80000000U) {
    bits <<= 1;
    --digits;
  }
  room = headroom_of(left);
  value = high_product((int32_t)((uint32_t)left << room), reciprocal_of_sum((int32_t)(bits - 0x80000000U)));
  return shifted_down(high_product(value, p->multipliers[0]), digits + room - p->shifts[0]);
}
