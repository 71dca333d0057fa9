"""C99 without allocation: raw row to int8 inputs and answer, and the model as an array."""
