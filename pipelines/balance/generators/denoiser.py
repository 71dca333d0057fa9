"""The net that finds noise, and how it learns."""

from typing import Any

import numpy as np

from .nets import NetLayers
from .optimizer import averaged_adam
from .rows import ClassRows, drawn_places
from .schedule import FIRST_TIME, LAST_TIME, NUM_FEATURES, amounts, time_features


def build_denoiser(spec: Any, rows: ClassRows, seed: int) -> Any:
    """Returns the keras.Model from "row", "time" and "label" to the noise, float32 [rows, values].

    Args:
        spec: A `Diffusion`.
        rows: Of whose kind rows are.
        seed: Of the weights.
    """
    import keras

    layers = NetLayers(rows.shape, seed)
    num_values = rows.values.shape[1]
    row = keras.Input((num_values,), name="row")
    time = keras.Input((NUM_FEATURES,), name="time")
    label = keras.Input((rows.num_classes,), name="label")
    known = keras.layers.Concatenate(name="known")([time, label])
    if layers.map is None:
        x = keras.layers.Concatenate(name="all")([row, known])
        for place, width in enumerate(spec.units):
            x = layers.dense(x, width, f"hidden{place}")
            x = layers.rectify(x, f"hidden{place}")
        noise = layers.dense(x, num_values, "noise", last=True)
    else:
        known = layers.dense(known, spec.filters[-1], "condition")
        known = layers.rectify(known, "condition")
        noise = _Hourglass(layers, known, spec.filters).noise(row)
    inputs = {"row": row, "time": time, "label": label}
    return keras.Model(inputs, noise, name="denoiser")


class _Hourglass:
    """Convolutions down and up again, each of which knows the time and the class.

    Args:
        layers: Of the net.
        known: What is known, float32 [rows, width].
        filters: Of the maps from the whole one down.
    """

    def __init__(self, layers, known, filters):
        self.layers = layers
        self.known = known
        self.filters = filters

    def noise(self, row):
        """Returns the noise of rows [rows, values]."""
        layers = self.layers
        filters = self.filters
        x = layers.convolve(layers.to_map(row), filters[0], "whole")
        x = self._knowing(x, "whole")
        maps = [x]
        for place, width in enumerate(filters[1:]):
            name = f"halve{place}"
            x = layers.halve(x, width, name)
            x = self._knowing(x, name)
            maps.append(x)
        more = layers.convolve(x, filters[-1], "smallest")
        x = self._sum(x, more, "smallest")
        for place in reversed(range(len(filters) - 1)):
            name = f"double{place}"
            across = maps[place]
            more = layers.double(x, filters[place], name, sides=across.shape[1:3])
            x = self._sum(across, more, name)
        x = layers.convolve(x, filters[0], "last")
        x = self._knowing(x, "last")
        x = layers.convolve(x, layers.map[2], "noise", last=True)
        return layers.from_map(x)

    def _knowing(self, x, name):
        """Returns maps with one number more a filter, of what is known."""
        import keras

        num_filters = x.shape[3]
        shift = self.layers.dense(self.known, num_filters, f"{name}_shift")
        reshape = keras.layers.Reshape((1, 1, num_filters), name=f"{name}_shifts")
        x = keras.layers.Add(name=f"{name}_shifted")([x, reshape(shift)])
        return self.layers.rectify(x, name)

    def _sum(self, x, more, name):
        import keras

        more = self.layers.rectify(more, name)
        return keras.layers.Add(name=f"{name}_sum")([x, more])


def learn_noise(net: Any, spec: Any, rows: ClassRows, seed: int) -> None:
    """Lets the net learn the noise that is added to training rows, less the mean of their class.

    Args:
        net: Whose weights change.
        spec: A `Diffusion`.
        rows: To learn from.
        seed: Of batches, times and noise.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    random = np.random.default_rng(seed)
    rest = rows.rest()
    one_hot = rows.one_hot()
    ends = rows.ends()
    weights = net.trainable_variables
    optimizer = averaged_adam(spec.learning_rate, spec.num_batches)
    optimizer.build(weights)

    @tf.function
    def step(inputs, noise):
        with tf.GradientTape() as tape:
            found = net(inputs)
            loss = tf.reduce_mean((found - noise) ** 2)
        optimizer.apply(tape.gradient(loss, weights), weights)

    for _ in range(spec.num_batches):
        places = drawn_places(ends, spec.batch_rows, random)
        time = random.uniform(LAST_TIME, FIRST_TIME, spec.batch_rows)
        signal, spread = amounts(time[:, None])
        clean = rest[places]
        noise = random.standard_normal(clean.shape, dtype=np.float32)
        noisy = (signal * clean + spread * noise).astype(np.float32)
        inputs = {
            "row": tf.constant(noisy),
            "time": tf.constant(time_features(time)),
            "label": tf.constant(one_hot[rows.y[places]]),
        }
        step(inputs, tf.constant(noise))
    optimizer.finalize_variable_values(weights)
