#include "cmsis_nn.c"
#include "fixed_point.c"
#include "dot.c"
typedef struct {
  const int8_t *weights; /* [4 gates, units, features]: forget, input, cell, output */
  const int8_t *recurrent; /* [4 gates, units, units] */
  const int32_t *bias; /* [4 gates, units], less what the zero point of the input adds */
  const int32_t *recurrent_bias; /* and what that of the answer adds */
  const uint16_t *sigmoid; /* [256] of 2^-16, 24 a unit */
  int32_t steps;
  int32_t features;
  int32_t units;
  int32_t multipliers[4];
  int32_t shifts[4];
  int32_t recurrent_multipliers[4];
  int32_t recurrent_shifts[4];
  int32_t kept_multiplier; /* of the forget gate times the cell */
  int32_t kept_shift;
  int32_t new_multiplier; /* of the input gate times the cell gate */
  int32_t new_shift;
  int32_t output_multiplier;
  int32_t output_shift;
  int32_t clip;
  int32_t tanh_factor; /* of a cell, and then a shift to the right */
  int32_t tanh_shift;
  int32_t output_zero;
} lstm_layer;

static int32_t int16_clamped(int32_t value) {
  if (value < -32768) return -32768;
  return value > 32767 ? 32767 : value;
}

/* Both of numbers in 2^-12 times 3, as numbers in 2^-15; between the entries of the table a line. That of three times
   an int16 has no end here. */
static int32_t sigmoid_of(const uint16_t *table, int32_t value) {
  const uint32_t size = (uint32_t)(value < 0 ? -value : value);
  const uint32_t place = size >> 9;
  uint32_t result;
  result = ((uint32_t)table[place] << 9) + (size & 511U) * (uint32_t)(table[place + 1] - table[place]);
  if (value < 0) result = ((uint32_t)1 << 25) - result - 1U;
  return (int32_t)((result + 512U) >> 10);
}

static int32_t tanh_of(const uint16_t *table, int32_t value) {
  const int32_t size = value < 0 ? -value : value;
  const int32_t place = size >> 8;
  int32_t result = (int32_t)65535 << 8;
  if (place < 255) {
    result = ((int32_t)table[place] << 8) + (size & 255) * (table[place + 1] - table[place]);
  }
  result -= (int32_t)1 << 23;
  if (value < 0) result = -result - 1;
  return (result + 128) >> 8;
}

/* What a step reads, and memory of CMSIS-NN: the sums of all gates, and those of the answer to one. */
typedef struct {
  const int8_t *x;
  const int8_t *answer;
  int16_t *sums; /* [4 gates and one, units] in 2^-12 */
} lstm_step;

#ifndef MODEL_USE_CMSIS_NN
static int32_t lstm_sum(const lstm_layer *p, const lstm_step *now, int32_t gate, int32_t unit) {
  const int32_t row = gate * p->units + unit;
  int32_t sum = p->bias[row] + dot(p->weights + row * p->features, now->x, p->features);
  int32_t again = p->recurrent_bias[row] + dot(p->recurrent + row * p->units, now->answer, p->units);
  sum = int16_clamped(rescale(sum, p->multipliers[gate], p->shifts[gate]));
  again = int16_clamped(rescale(again, p->recurrent_multipliers[gate], p->recurrent_shifts[gate]));
  return int16_clamped(sum + again);
}
#else
#include "arm_nnsupportfunctions.h"

/* The sums of all gates of a step. The library adds to what is there and clamps the result; TFLM clamps what the
   answer gives by itself. */
static void lstm_sums(const lstm_layer *p, const lstm_step *now) {
  int16_t *sums = now->sums, *again = now->sums + 4 * p->units;
  const size_t size = (size_t)p->units * sizeof *sums;
  int32_t gate, unit;
  for (gate = 0; gate < 4; ++gate, sums += p->units) {
    const int32_t row = gate * p->units;
    memset(sums, 0, size);
    memset(again, 0, size);
    arm_nn_vec_mat_mul_result_acc_s8_s16(
        now->x, p->weights + row * p->features, p->bias + row, sums, p->multipliers[gate], p->shifts[gate],
        p->features, p->units, 1, 1);
    arm_nn_vec_mat_mul_result_acc_s8_s16(
        now->answer, p->recurrent + row * p->units, p->recurrent_bias + row, again, p->recurrent_multipliers[gate],
        p->recurrent_shifts[gate], p->units, p->units, 1, 1);
    for (unit = 0; unit < p->units; ++unit) sums[unit] = (int16_t)int16_clamped(sums[unit] + again[unit]);
  }
}

static int32_t lstm_sum(const lstm_layer *p, const lstm_step *now, int32_t gate, int32_t unit) {
  return now->sums[gate * p->units + unit];
}
#endif

static int32_t lstm_gate(const lstm_layer *p, const lstm_step *now, int32_t gate, int32_t unit) {
  const int32_t sum = lstm_sum(p, now, gate, unit) * 3;
  return gate == 2 ? tanh_of(p->sigmoid, sum) : sigmoid_of(p->sigmoid, sum);
}

static void lstm(
    const lstm_layer *p, const int8_t *x, int8_t *kept, int8_t *kept_cells, int8_t *y, int8_t *scratch) {
  lstm_step now = {x, kept, (int16_t *)(void *)scratch};
  int16_t *cells = (int16_t *)(void *)kept_cells;
  int32_t step, unit;
  for (step = 0; step < p->steps; ++step) {
#ifdef MODEL_USE_CMSIS_NN
    lstm_sums(p, &now);
#endif
    for (unit = 0; unit < p->units; ++unit) {
      const int32_t forget = lstm_gate(p, &now, 0, unit);
      const int32_t input = lstm_gate(p, &now, 1, unit);
      const int32_t candidate = lstm_gate(p, &now, 2, unit);
      const int32_t output = lstm_gate(p, &now, 3, unit);
      int32_t cell = int16_clamped(rescale(forget * cells[unit], p->kept_multiplier, p->kept_shift));
      int32_t value;
      cell += int16_clamped(rescale(input * candidate, p->new_multiplier, p->new_shift));
      cell = int16_clamped(cell);
      if (p->clip > 0 && cell > p->clip) cell = p->clip;
      if (p->clip > 0 && cell < -p->clip) cell = -p->clip;
      cells[unit] = (int16_t)cell;
      value = cell * p->tanh_factor;
      if (p->tanh_shift > 0) value = (value + ((int32_t)1 << (p->tanh_shift - 1))) >> p->tanh_shift;
      value = rescale(tanh_of(p->sigmoid, value) * output, p->output_multiplier, p->output_shift);
      y[unit] = clamped(value + p->output_zero, -128, 127);
    }
    now.x += p->features;
    now.answer = y;
    y += p->units;
  }
  memcpy(kept, now.answer, (size_t)p->units);
}
