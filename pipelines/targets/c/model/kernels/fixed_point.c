static int32_t high_product(int32_t one, int32_t other) {
  const int64_t product = (int64_t)one * other;
  return (int32_t)((product + ((int64_t)1 << 30)) >> 31);
}

/* value * 2^shift * multiplier / 2^31, rounded twice: half up, then half away from zero. */
static int32_t rescale(int32_t value, int32_t multiplier, int32_t shift) {
  if (shift >= 0) return high_product((int32_t)((uint32_t)value << shift), multiplier);
  value = high_product(value, multiplier);
  /* One less where it is negative, so that its half goes away from zero. */
  return (((value - (value < 0)) >> (-shift - 1)) + 1) >> 1;
}

static int8_t clamped(int32_t value, int32_t low, int32_t top) {
  if (value < low) return (int8_t)low;
  if (value > top) return (int8_t)top;
  return (int8_t)value;
}
