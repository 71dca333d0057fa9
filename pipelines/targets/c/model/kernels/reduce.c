typedef struct {
  int32_t kept[3]; /* axes of the output */
  int32_t kept_steps[3];
  int32_t reduced[3]; /* axes whose values become one */
  int32_t reduced_steps[3];
  int32_t start; /* what the sum begins with: the zero points */
  int32_t multiplier;
  int32_t shift;
  int32_t output_zero;
} reduce_layer;

typedef int32_t (*reduce_function)(int32_t result, int32_t value);

static int32_t reduced(const reduce_layer *p, reduce_function function, const int8_t *x) {
  int32_t result = p->start, a, b, c;
  for (a = 0; a < p->reduced[0]; ++a) {
    for (b = 0; b < p->reduced[1]; ++b) {
      const int8_t *from = x + a * p->reduced_steps[0] + b * p->reduced_steps[1];
      for (c = 0; c < p->reduced[2]; ++c, from += p->reduced_steps[2]) result = function(result, *from);
    }
  }
  return result;
}

static const int8_t *kept_at(const reduce_layer *p, const int8_t *x, int32_t place) {
  x += place % p->kept[2] * p->kept_steps[2];
  place /= p->kept[2];
  x += place % p->kept[1] * p->kept_steps[1];
  return x + place / p->kept[1] * p->kept_steps[0];
}
