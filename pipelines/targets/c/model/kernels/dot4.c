/* Weights times x, summed, of four rows of weights that read x once. */
static void dot4(const int8_t *weights, const int8_t *x, int32_t size, int32_t *sums) {
  const int8_t *w1 = weights + size, *w2 = w1 + size, *w3 = w2 + size;
  int32_t a = 0, b = 0, c = 0, d = 0;
  for (; size >= 2; size -= 2, x += 2, weights += 2, w1 += 2, w2 += 2, w3 += 2) {
    const int32_t one = x[0], other = x[1];
    a += weights[0] * one + weights[1] * other;
    b += w1[0] * one + w1[1] * other;
    c += w2[0] * one + w2[1] * other;
    d += w3[0] * one + w3[1] * other;
  }
  if (size > 0) {
    a += (int32_t)*weights * *x;
    b += (int32_t)*w1 * *x;
    c += (int32_t)*w2 * *x;
    d += (int32_t)*w3 * *x;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}
