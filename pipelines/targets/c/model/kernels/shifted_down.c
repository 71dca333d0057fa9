/* value / 2^shift, half away from zero; of more than 31 nothing is left. */
static int32_t shifted_down(int32_t value, int32_t shift) {
  const int32_t mask = (int32_t)(((uint32_t)1 << (shift & 31)) - 1U);
  const int32_t threshold = (mask >> 1) + (value < 0);
  if (shift > 31) return 0;
  return (value >> shift) + ((value & mask) > threshold);
}
