#pragma once
#include <stdint.h>
struct SerialPort {
  void begin(unsigned long) {}
  void println(const char *text);
};
extern SerialPort Serial;
void setup();
void loop();
