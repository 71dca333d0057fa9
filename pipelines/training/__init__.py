"""A network and training rows to a trained Keras model."""
