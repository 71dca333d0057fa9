"""A Keras model that answers rows as a runtime does."""

import numpy as np

from ..rows.columns import read_rows

MOST_PICTURES = 512  # at once
MOST_VALUES = 2**27  # of the widest feature maps, at once: half a gigabyte


class KerasInterpreter:
    """A Keras model behind the `run` of `device.runner.Interpreter`."""

    def __init__(self, model):
        import tensorflow as tf

        # Any number of rows: another trace for each would take longer than the rows.
        specs = {}
        for each in model.inputs:
            specs[each.name] = tf.TensorSpec((None, *each.shape[1:]), each.dtype)

        def predict(inputs):
            return model(inputs, training=False)

        self._names = tuple(specs)
        self._predict = tf.function(predict, input_signature=[specs])
        self._most_rows = max(MOST_VALUES // _most_values(self._predict), 1)

    def run(self, inputs):
        """Returns float32 [rows, outputs].

        Args:
            inputs: Port → float32, int32 or pixels as uint8 [rows, ...], in memory or stored.
        """
        num_rows = len(inputs[self._names[0]])
        step = self._step(inputs)
        outputs = []
        for start in range(0, max(num_rows, 1), step):
            rows = slice(start, start + step)
            piece = {name: read_rows(x, rows) for name, x in inputs.items()}
            outputs.append(self._call(piece))
        return np.concatenate(outputs)

    def _step(self, inputs):
        """Returns how many rows are answered at once."""
        pictures = [x for x in inputs.values() if x.ndim == 4]
        if not pictures:
            return self._most_rows
        # All feature maps of a piece are in memory at once: keep them to some tens of megabytes.
        values_per_picture = np.prod(pictures[0].shape[1:])
        return int(np.clip(2**20 // values_per_picture, 8, MOST_PICTURES))

    def _call(self, inputs):
        named = {}
        for name in self._names:
            x = inputs[name]
            if x.dtype == np.uint8:
                x = x.astype(np.float32)
            named[name] = x
        return np.asarray(self._predict(named))


def _most_values(function):
    """Returns how many values the widest tensor that a function computes has for a row."""
    most = 1
    for operation in function.get_concrete_function().graph.get_operations():
        for tensor in operation.outputs:
            if tensor.shape.rank and tensor.shape[0] is None:
                most = max(most, tensor.shape[1:].num_elements() or 1)
    return most
