"""Device forms of layers: the same numbers, written with the operators that device runtimes
have.
"""

import itertools

import numpy as np

NUM_COPIES = 4
_operators = itertools.count()


def stagger(model, values: np.ndarray, *, copies: int = NUM_COPIES):
    """A model whose last dense layer gives every output `copies` times, each copy's rounding to
    int8 staggered by a fraction of its step; their sum has as many times the levels.

    One int8 has 256 levels, and where a class is rare the rows that matter share a few dozen of
    them: the ties cost 0.005 of average precision on the bird strikes. `values`: float32 [rows,
    outputs], the model's output on calibration rows, from which the step is known before the
    converter sets it. The copies cost no more than their weights: outputs [rows, copies * outputs],
    copy after copy.
    """
    import keras

    last = model.layers[-1]
    if copies == 1:
        return model
    step = (max(values.max(), 0) - min(values.min(), 0)) / 255
    shifts = (np.arange(copies) - (copies - 1) / 2) / copies * step
    head = keras.layers.Dense(copies * last.units, name="staggered")
    copy = keras.Model(model.input, head(last.input))
    kernel, bias = last.get_weights()
    head.set_weights(
        [np.tile(kernel, (1, copies)), np.tile(bias, copies) + np.repeat(shifts, last.units)]
    )
    return copy


def pixel_rescaling(model) -> tuple[float, float]:
    """(factor, offset) of the layer "pixels" that a net of pictures starts with; (1.0, 0.0) where
    there is none.
    """
    layer = next((layer for layer in model.layers if layer.name == "pixels"), None)
    if layer is not None:
        return (float(layer.scale), float(layer.offset))
    return (1.0, 0.0)


def lower(model, *, pixels: bool = True, fused: bool = True):
    """A Keras model to an equal one for conversion: an Embedding becomes a bare gather on a
    constant table (the microcontroller runtime has no SELECT, which Keras' own lookup brings), an
    LSTM the fused operator, other recurrent layers are unrolled (rolled, they kill the converter),
    and Dropout and its kin go. Ranges of quantization-aware training and of calibration become
    operators that the converter takes its scales from, kernels that were trained rounded are
    rounded for good.

    Without `pixels`, the layer of that name goes too: the model takes pixels rescaled already,
    which for int8 is what quantizing them with another scale and zero point is, at no cost. Without
    `fused`, an LSTM is unrolled too, for runtimes that take no variable tensors.
    """
    import keras
    import tensorflow as tf

    from ..compress.fake_quantize import FakeQuantize, with_plain_kernels

    model = with_plain_kernels(model)

    class FixedRange(keras.layers.Layer):
        def __init__(self, low, high, **names):
            super().__init__(**names)
            self.low, self.high = low, high

        def call(self, x):
            return tf.quantization.fake_quant_with_min_max_args(x, self.low, self.high)

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, dtype="float32")

    class TableLookup(keras.layers.Layer):
        def __init__(self, table, **names):
            super().__init__(**names)
            self.table = table

        def call(self, ids):
            return tf.gather(tf.constant(self.table), ids)

        def compute_output_spec(self, ids):
            return keras.KerasTensor((*ids.shape, self.table.shape[1]), dtype="float32")

    class FusedLstm(keras.layers.Layer):
        def __init__(self, layer, **names):
            super().__init__(**names)
            self.units, self.backwards = layer.units, layer.go_backwards
            self.arrays = (*layer.get_weights(), np.zeros(4 * layer.units, np.float32))[:3]

        def call(self, x, initial_state=None, mask=None, training=False):
            if self.backwards:
                x = tf.reverse(x, [1])
            zeros = tf.zeros((tf.shape(x)[0] if x.shape[0] is None else x.shape[0], self.units))
            return lstm_operator()(x, zeros, zeros, *map(tf.constant, self.arrays))[1]

        def compute_output_spec(self, x, initial_state=None, mask=None, training=False):
            return keras.KerasTensor((*x.shape[:2], self.units), dtype="float32")

    def lowered(layer):
        if isinstance(layer, FakeQuantize):
            return FixedRange(*layer.range(), name=layer.name)
        if isinstance(layer, keras.layers.Embedding):
            return TableLookup(layer.get_weights()[0], name=layer.name)
        if isinstance(layer, keras.layers.LSTM) and fused:
            return FusedLstm(layer, name=layer.name)
        if isinstance(layer, (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)):
            return layer.__class__.from_config({**layer.get_config(), "unroll": True})
        if isinstance(layer, (keras.layers.Dropout, keras.layers.GaussianNoise)) or (
            layer.name == "pixels" and not pixels
        ):
            return keras.layers.Identity(name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=lowered)
    for old in model.layers:
        new = copy.get_layer(old.name)
        if new.weights:
            new.set_weights(old.get_weights())
    return copy


def unrolled_steps(model) -> int:
    """How many steps the recurrent layers of a Keras model have in all: each is written out where
    they are unrolled.
    """
    import keras

    kinds = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
    return sum(layer.input.shape[1] for layer in model.layers if isinstance(layer, kinds))


def lstm_operator():
    """An LSTM as a tf.function that the converter knows by its attributes and makes
    UNIDIRECTIONAL_SEQUENCE_LSTM of: it takes tensors, not variables, gives five results, and of
    those the caller uses the second alone.

    x: float32 [rows, steps, features]; h, c: [rows, units]; the rest as Keras' weights, gates in
    the order i, f, c, o → (last answer, all answers [rows, steps, units], h, c, a constant).
    """
    import uuid

    import tensorflow as tf

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
