#include "fixed_point.c"
#ifdef MODEL_USE_CMSIS_NN
typedef int32_t shift_number;
#else
typedef int8_t shift_number;
#endif

typedef struct {
  const int32_t *bias; /* one an output, or NULL */
  const int32_t *sums; /* of the weights of an output, or NULL where the zero point is in the bias */
  int32_t input_zero;
  const int32_t *multipliers; /* one an output, or one for all */
  const shift_number *shifts;
  int32_t by_channel; /* 1, or 0 where one multiplier is for all */
  int32_t output_zero;
  int32_t low;
  int32_t top;
} output_scales;

static int8_t scaled(const output_scales *p, int32_t output, int32_t sum) {
  const int32_t channel = output * p->by_channel;
  if (p->bias != NULL) sum += p->bias[output];
  if (p->sums != NULL) sum -= p->input_zero * p->sums[output];
  sum = rescale(sum, p->multipliers[channel], p->shifts[channel]);
  return clamped(sum + p->output_zero, p->low, p->top);
}
