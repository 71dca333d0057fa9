static int32_t dot(const int8_t *weights, const int8_t *x, int32_t size) {
  int32_t sum = 0;
  for (; size >= 4; size -= 4, weights += 4, x += 4) {
    sum += (int32_t)weights[0] * x[0] + (int32_t)weights[1] * x[1];
    sum += (int32_t)weights[2] * x[2] + (int32_t)weights[3] * x[3];
  }
  for (; size > 0; --size) sum += (int32_t)*weights++ * *x++;
  return sum;
}
