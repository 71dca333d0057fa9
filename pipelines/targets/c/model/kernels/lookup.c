static void lookup(const int8_t *table, const int8_t *x, int8_t *y, int32_t size) {
  for (; size > 0; --size) *y++ = table[*x++ + 128];
}
