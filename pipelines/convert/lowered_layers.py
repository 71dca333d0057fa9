"""Layers as device runtimes have operators for them.

Imports Keras: to be imported inside functions.
"""

import itertools
import uuid

import keras
import numpy as np
import tensorflow as tf

from ..training.fake_quantize import FakeQuantize

_operators = itertools.count()


class FixedRange(keras.layers.Layer):
    """Rounds to the int8 values of a range, which the converter takes its scale from."""

    def __init__(self, low, high, **names):
        super().__init__(**names)
        self.low, self.high = low, high

    def call(self, x):
        return tf.quantization.fake_quant_with_min_max_args(x, self.low, self.high)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, dtype="float32")


class TableLookup(keras.layers.Layer):
    """Gathers rows of a constant table, without the SELECT of an Embedding."""

    def __init__(self, table, **names):
        super().__init__(**names)
        self.table = table

    def call(self, ids):
        return tf.gather(tf.constant(self.table), ids)

    def compute_output_spec(self, ids):
        return keras.KerasTensor((*ids.shape, self.table.shape[1]), dtype="float32")


class FusedLstm(keras.layers.Layer):
    """Gives the last answer or all answers of an LSTM, by the fused operator."""

    def __init__(self, layer, **names):
        super().__init__(**names)
        self.units, self.backwards = layer.units, layer.go_backwards
        self.arrays = (*layer.get_weights(), np.zeros(4 * layer.units, np.float32))[:3]

    def call(self, x, initial_state=None, mask=None, training=False):
        if self.backwards:
            x = tf.reverse(x, [1])
        num_rows = x.shape[0]
        if num_rows is None:
            num_rows = tf.shape(x)[0]
        zeros = tf.zeros((num_rows, self.units))
        return lstm_operator()(x, zeros, zeros, *map(tf.constant, self.arrays))[1]

    def compute_output_spec(self, x, initial_state=None, mask=None, training=False):
        return keras.KerasTensor((*x.shape[:2], self.units), dtype="float32")


def lowered_layer(layer, *, fused: bool):
    """Returns the layer that is converted in place of one; `fused`: whether LSTMs become one
    operator.
    """
    layers = keras.layers
    if isinstance(layer, FakeQuantize):
        return FixedRange(*layer.range(), name=layer.name)
    if isinstance(layer, layers.Embedding):
        return TableLookup(layer.get_weights()[0], name=layer.name)
    if isinstance(layer, layers.LSTM) and fused:
        return FusedLstm(layer, name=layer.name)
    if isinstance(layer, (layers.LSTM, layers.GRU, layers.SimpleRNN)):
        return layer.__class__.from_config({**layer.get_config(), "unroll": True})
    if isinstance(layer, (layers.Dropout, layers.GaussianNoise)):
        return layers.Identity(name=layer.name)
    return layer.__class__.from_config(layer.get_config())


def lstm_operator():
    """An LSTM as a tf.function that the converter knows by its attributes and makes
    UNIDIRECTIONAL_SEQUENCE_LSTM of: it takes tensors, not variables, gives five results, and of
    those the caller uses the second alone.

    x: float32 [rows, steps, features]; h, c: [rows, units]; the rest as Keras' weights, gates in
    the order i, f, c, o → (last answer, all answers [rows, steps, units], h, c, a constant).
    """

    def lstm(x, h, c, kernel, recurrent, bias):
        def step(state, now):
            h, c = state
            i, f, g, o = tf.split(now @ kernel + h @ recurrent + bias, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            return tf.sigmoid(o) * tf.tanh(c), c

        answers, states = tf.scan(step, tf.transpose(x, (1, 0, 2)), (h, c))
        return (
            answers[-1],
            tf.transpose(answers, (1, 0, 2)),
            answers[-1],
            states[-1],
            tf.constant(0.0),
        )

    # Another id for each, or TensorFlow takes one for the other; but none by chance: one seed gives
    # one file.
    return tf.function(
        lstm,
        autograph=False,
        experimental_attributes={
            "api_implements": f"lstm_{uuid.uuid5(uuid.NAMESPACE_OID, str(next(_operators)))}",
            "api_preferred_device": "CPU",
            "go_backwards": False,
            "time_major": False,
        },
    )
