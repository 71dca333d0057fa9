"""Keras model → float32 and int8 TFLite, C, and the bundle that holds them."""
