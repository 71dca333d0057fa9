"""A user's own Keras model, exported as a recipe's network would be."""
