#ifdef MODEL_USE_CMSIS_NN
#include "arm_nnfunctions.h"
#if defined(ARM_MATH_MVEI)
#error "the arena is planned for cores without Helium: compile without MODEL_USE_CMSIS_NN"
#endif
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
#error "CMSIS_NN_USE_SINGLE_ROUNDING gives other numbers than TFLM: compile without it"
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

/* The library takes tables that it only reads without const. */
static cmsis_nn_per_channel_quant_params factors_of(const int32_t *multipliers, const int32_t *shifts) {
  cmsis_nn_per_channel_quant_params factors;
  factors.multiplier = (int32_t *)multipliers;
  factors.shift = (int32_t *)shifts;
  return factors;
}
#endif
