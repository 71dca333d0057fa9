/* value * 2^shift * multiplier / 2^31, rounded twice: half up, then half away from zero. */
static int32_t high_product(int32_t one, int32_t other) {
  const int64_t product = (int64_t)one * other;
  return (int32_t)((product + ((int64_t)1 << 30)) >> 31);
}

static int32_t shifted_down(int32_t value, int32_t shift) {
  const int32_t mask = (int32_t)(((uint32_t)1 << shift) - 1U);
  const int32_t threshold = (mask >> 1) + (value < 0);
  return (value >> shift) + ((value & mask) > threshold);
}

static int32_t rescale(int32_t value, int32_t multiplier, int32_t shift) {
  if (shift > 0) return high_product((int32_t)((uint32_t)value << shift), multiplier);
  return shifted_down(high_product(value, multiplier), -shift);
}

static int8_t clamped(int32_t value, int32_t low, int32_t top) {
  if (value < low) return (int8_t)low;
  if (value > top) return (int8_t)top;
  return (int8_t)value;
}
