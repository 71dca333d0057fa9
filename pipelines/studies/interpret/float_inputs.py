"""A Keras model from where its inputs are real numbers, which gradients can be taken of: ids of
tokens and of categories enter as the vectors that the model looks up for them.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import BundleError
from .gradients import Inputs


@dataclass(frozen=True, eq=False)
class FloatInputs:
    """A model in two parts.

    Attributes:
        looked_up: A keras.Model of the ports, whose outputs are the vectors that ids become, by
            name; None if no port holds ids.
        rest: A keras.Model of everything that is real, to the outputs.
        names: Of the inputs of `rest`.
        of_port: Name of looked-up vectors → the port that they come from.
    """

    looked_up: Any
    rest: Any
    names: tuple[str, ...]
    of_port: dict[str, str]

    @classmethod
    def of(cls, model: Any) -> "FloatInputs":
        """Cuts a keras.Model behind its look-ups.

        Raises:
            BundleError: Ids reach the output by another way than looked-up vectors.
        """
        import keras

        real = {}
        for tensor in model.inputs:
            if "int" not in tensor.dtype:
                real[tensor.name] = tensor
        vectors, of_port = _looked_up(model)
        if not vectors:
            return cls(
                None,
                model,
                tuple(real),
                {},
            )
        entering = {**real, **vectors}
        try:
            rest = keras.Model(list(entering.values()), model.output)
        except ValueError as error:
            raise BundleError(
                "a net whose ids go other ways than through looked-up vectors",
                expected="embeddings, which gradients can be taken of",
                fix="see occlusion, which asks for no gradients",
            ) from error
        return cls(
            keras.Model(model.inputs, vectors),
            rest,
            tuple(entering),
            of_port,
        )

    def enter(self, ports: Inputs) -> Inputs:
        """Returns what enters `rest`, name → float32 [rows, ...], of the ports of the model."""
        entering = {name: x for name, x in ports.items() if name in self.names}
        if self.looked_up is not None:
            for name, tensor in self.looked_up(ports).items():
                entering[name] = np.asarray(tensor)
        return entering

    def gradient(self, inputs: Inputs, weights: np.ndarray) -> tuple[np.ndarray, Inputs]:
        """Returns the weighted sum of the outputs, float32 [rows], and its gradients.

        Args:
            inputs: As `enter` gives them.
            weights: float32 [rows, outputs].
        """
        import tensorflow as tf

        tensors = []
        for name in self.names:
            tensor = tf.convert_to_tensor(inputs[name], tf.float32)
            tensors.append(tensor)
        total, slopes = self._slopes(tensors, tf.convert_to_tensor(weights))
        found = {}
        for name, slope in zip(self.names, slopes, strict=True):
            found[name] = np.asarray(slope)
        return np.asarray(total), found

    @cached_property
    def _slopes(self):
        """What computes the weighted sum and its gradients: traced once, it takes a tenth."""
        import tensorflow as tf

        def slopes(tensors, weights):
            given = tensors
            if self.looked_up is None:
                given = dict(zip(self.names, tensors, strict=True))
            with tf.GradientTape() as tape:
                tape.watch(tensors)
                outputs = self.rest(given, training=False)
                total = tf.reduce_sum(outputs * weights, axis=1)
            found = tape.gradient(
                total,
                tensors,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            return total, found

        return tf.function(slopes)


def _looked_up(model):
    """Returns name → the tensor of real numbers that a layer makes of ids, and name → port."""
    port_of = {}
    for tensor in model.inputs:
        if "int" in tensor.dtype:
            port_of[id(tensor)] = tensor.name
    vectors = {}
    of_port = {}
    for layer in model.layers:
        made = layer.output
        taken = layer.input
        if not isinstance(taken, (list, tuple)):
            taken = [taken]
        ports = [port_of[id(each)] for each in taken if id(each) in port_of]
        if not ports or isinstance(made, (list, tuple, dict)):
            continue
        if "int" in made.dtype:
            port_of[id(made)] = ports[0]
        else:
            vectors[layer.name] = made
            of_port[layer.name] = ports[0]
    return vectors, of_port
