"""The int8 model itself as plain C99, with the numbers of TFLM."""
