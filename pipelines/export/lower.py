"""Device forms of layers: the same numbers, written with the operators that device runtimes have."""

import numpy as np

NUM_COPIES = 4


def stagger(model, values: np.ndarray):
    """A model whose last dense layer gives every output NUM_COPIES times, each copy's rounding to int8 staggered by a
    fraction of its step; their sum has NUM_COPIES times as many levels.

    One int8 has 256 levels, and where a class is rare the rows that matter share a few dozen of them: the ties cost
    0.005 of average precision on the bird strikes. `values`: float32 [rows, outputs], the model's output on
    calibration rows, from which the step is known before the converter sets it. The copies cost no more than their
    weights: outputs [rows, NUM_COPIES * outputs], copy after copy.
    """
    import keras
    last = model.layers[-1]
    step = (max(values.max(), 0) - min(values.min(), 0)) / 255
    shifts = (np.arange(NUM_COPIES) - (NUM_COPIES - 1) / 2) / NUM_COPIES * step
    head = keras.layers.Dense(NUM_COPIES * last.units, name="staggered")
    copy = keras.Model(model.input, head(last.input))
    kernel, bias = last.get_weights()
    head.set_weights([np.tile(kernel, (1, NUM_COPIES)), np.tile(bias, NUM_COPIES) + np.repeat(shifts, last.units)])
    return copy


def pixel_rescaling(model) -> tuple[float, float]:
    """(factor, offset) of the layer "pixels" that a net of pictures starts with; (1.0, 0.0) where there is none."""
    layer = next((layer for layer in model.layers if layer.name == "pixels"), None)
    return (float(layer.scale), float(layer.offset)) if layer is not None else (1.0, 0.0)


def lower(model, *, pixels: bool = True):
    """A Keras model to an equal one for conversion: an Embedding becomes a bare gather on a constant table (the
    microcontroller runtime has no SELECT, which Keras' own lookup brings), and Dropout and its kin go.

    Without `pixels`, the layer of that name goes too: the model takes pixels rescaled already, which for int8 is what
    quantizing them with another scale and zero point is, at no cost.
    """
    import keras
    import tensorflow as tf

    class TableLookup(keras.layers.Layer):
        def __init__(self, table, **names):
            super().__init__(**names)
            self.table = table

        def call(self, ids):
            return tf.gather(tf.constant(self.table), ids)

        def compute_output_spec(self, ids):
            return keras.KerasTensor((*ids.shape, self.table.shape[1]), dtype="float32")

    def lowered(layer):
        if isinstance(layer, keras.layers.Embedding):
            return TableLookup(layer.get_weights()[0], name=layer.name)
        if isinstance(layer, (keras.layers.Dropout, keras.layers.GaussianNoise)) or (
                layer.name == "pixels" and not pixels):
            return keras.layers.Identity(name=layer.name)
        return layer.__class__.from_config(layer.get_config())
    copy = keras.models.clone_model(model, clone_function=lowered)
    for old in model.layers:
        new = copy.get_layer(old.name)
        if new.weights:
            new.set_weights(old.get_weights())
    return copy
