"""Keras to TFLite, in a process of its own: what is rewritten, quantized and packed."""
