"""C99 without allocation: raw row to int8 inputs, the int8 model, and the answer."""
