#include "Arduino.h"
#include <stdio.h>
SerialPort Serial;
void SerialPort::println(const char *text) { puts(text); }
int main() { setup(); loop(); return 0; }
