/* A program for one row on a Cortex-M: what is linked of it is counted, and its instructions in QEMU. */
#include <stdint.h>
#include <string.h>

#include "model.h"
#include "signature.h"

/* The timer that every Cortex-M has: control, the value that it starts from, the value now. */
#define TIMER ((volatile uint32_t *)0xE000E010)
#define LAST_TICK 0xFFFFFFU
#define TICK_BITS 24

extern uint32_t data_start, data_end, data_load, bss_start, bss_end, stack_top;
static signature_row row;
static signature_inputs inputs;
static int8_t output[SIGNATURE_NUM_OUTPUTS];
static volatile uint32_t rounds; /* how often the timer came to 0 */

static void semihosting(int operation, const void *argument) {
  register int code __asm__("r0") = operation;
  register const void *value __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(code) : "r"(value) : "memory");
}

static void print_number(uint32_t number) {
  char text[12];
  char *at = text + sizeof text - 1;
  *at = 0;
  do {
    *--at = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  semihosting(4, at);
}

static void at_zero(void) { ++rounds; }

/* Ticks since the timer was started, modulo 2 to the 32nd. */
static uint32_t ticks(void) {
  uint32_t seen;
  uint32_t left;
  do {
    seen = rounds;
    left = TIMER[2];
    __asm__ volatile("isb" ::: "memory"); /* an interrupt that waits is taken here */
  } while (seen != rounds);
  return (seen << TICK_BITS) + (LAST_TICK - left);
}

void reset(void) {
  uint32_t before;
  memcpy(&data_start, &data_load, (size_t)((char *)&data_end - (char *)&data_start));
  memset(&bss_start, 0, (size_t)((char *)&bss_end - (char *)&bss_start));
  prepare_reset();
  prepare(&row, &inputs);
  model_reset();
  TIMER[1] = LAST_TICK;
  TIMER[2] = 0;
  TIMER[0] = 7;
  while (TIMER[2] == 0) {
  }
  rounds = 0;
  before = ticks();
  model_run(&inputs, output);
  print_number(ticks() - before);
  semihosting(0x18, (const void *)0x20026);
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    [0] = &stack_top, [1] = (const void *)reset, [15] = (const void *)at_zero};
