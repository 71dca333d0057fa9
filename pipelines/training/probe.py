"""Measures a model on a few training rows, without a trace in the training."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .watched import WatchRecord

_MOST_ROWS = 512
# A value is saturated where the slope is below this share of the steepest one.
_FLAT_SHARE = 0.05
_CAN_DIE = ("relu", "relu6", "hard_silu", "hard_swish")
_CAN_SATURATE = ("sigmoid", "tanh")
# Parts of GELU, ELU and SELU as `training.layers` builds them: their flat sides are no fault.
_PARTS = ("_gate", "elu_relu", "elu_size")


class Probe:
    """Measures a compiled model on the first training rows. It leaves dropout's seeds and running
    statistics as they were.

    Attributes:
        layers: Names of the layers with a kernel or a table.
        hidden: Names of the layers whose values pass an activation that can die or saturate.
        num_rows: Rows that are measured on.
        batch_rows: Rows of a training batch.
        keeps_weights: Whether weights are kept that no step was measured from.
    """

    def __init__(self, model, batches: Callable[[int], Any]):
        self._rows, self.batch_rows = _first_rows(batches)
        self.num_rows = len(self._rows[-1])
        self._model = model
        self._variables = _by_layer(model.trainable_variables)
        self.layers = list(self._variables)
        activating = _activating(model)
        self.hidden = [_shown_name(layer, self.layers) for layer in activating]
        self._measure = _measuring(model, activating)
        self._before: dict[str, list[np.ndarray]] = {}
        self.keeps_weights = False

    def new_record(self) -> WatchRecord:
        """Returns a record without a line."""
        return WatchRecord(
            self.layers,
            self.hidden,
            num_rows=self.num_rows,
        )

    def no_steps(self) -> list[float]:
        """Returns the line of steps that were not measured."""
        return [math.nan] * len(self.layers)

    def keep_weights(self) -> None:
        """Keeps the weights as they are before a step."""
        for name, variables in self._variables.items():
            self._before[name] = [np.asarray(each).copy() for each in variables]
        self.keeps_weights = True

    def relative_step(self) -> list[float]:
        """Returns norm of the change since `keep_weights` / norm of the weights, a layer each."""
        found = []
        for name, variables in self._variables.items():
            before = self._before[name]
            pairs = zip(
                variables,
                before,
                strict=True,
            )
            changes = [np.asarray(new) - old for new, old in pairs]
            size = _norm(before)
            if size:
                found.append(_norm(changes) / size)
            else:
                found.append(math.nan)
        self.keeps_weights = False
        return found

    def measure_into(self, record: WatchRecord) -> None:
        """Adds a line of gradients, weights, dead units and saturation."""
        squares, dead, saturated = self._measure(*self._rows)
        paths = [each.path for each in self._model.trainable_variables]
        by_path = dict(
            zip(
                paths,
                squares.numpy(),
                strict=True,
            )
        )
        gradients = []
        weights = []
        for variables in self._variables.values():
            total = sum(by_path[each.path] for each in variables)
            gradients.append(math.sqrt(total))
            arrays = [np.asarray(each) for each in variables]
            weights.append(_norm(arrays))
        record.gradients.append(gradients)
        record.weights.append(weights)
        record.dead.append(dead.numpy().tolist())
        record.saturated.append(saturated.numpy().tolist())


def _norm(arrays):
    """The Euclidean norm of arrays together, in float64."""
    squares = [np.square(each, dtype=np.float64) for each in arrays]
    total = sum(each.sum() for each in squares)
    return float(np.sqrt(total))


def _measuring(model, activating):
    """A tf.function: rows → squared gradient norms float64 [variables], shares float32 [layers] of
    dead units and of saturated values.
    """
    import keras
    import tensorflow as tf

    hidden = [layer.output for layer in activating]
    kinds = [_kind(layer) for layer in activating]
    probe = keras.Model(model.input, {"outputs": model.output, "hidden": hidden})
    others = model.non_trainable_variables

    @tf.function  # traced once: layer by layer, each measurement would cost half an epoch
    def measure(x, y, weight):
        before = [tf.identity(each.value) for each in others]
        with tf.GradientTape() as tape:
            answers = probe(x, training=True)
            outputs = answers["outputs"]
            loss = model.compute_loss(
                x,
                y,
                outputs,
                weight,
                training=True,
            )
        slopes = tape.gradient(
            loss,
            [each.value for each in model.trainable_variables],
            unconnected_gradients="zero",
        )
        for variable, value in zip(
            others,
            before,
            strict=True,
        ):
            variable.assign(value)
        squares = [_square_sum(each) for each in slopes]
        values = list(
            zip(
                kinds,
                answers["hidden"],
                strict=True,
            )
        )
        dead = [_dead_share(*each) for each in values]
        saturated = [_flat_share(*each) for each in values]
        return tf.stack(squares), _stacked(dead), _stacked(saturated)

    return measure


def _stacked(shares):
    """A tensor float32 [layers], of none too."""
    import tensorflow as tf

    tensors = [tf.constant(0.0), *shares]
    return tf.stack(tensors)[1:]


def _square_sum(slope):
    """In float64: the square of a vanished gradient is zero in float32."""
    import tensorflow as tf

    dense = tf.convert_to_tensor(slope)
    exact = tf.cast(dense, tf.float64)
    return tf.reduce_sum(tf.square(exact))


def _dead_share(kind, values):
    """Of units, which are the last axis: those at zero for all rows."""
    import tensorflow as tf

    if kind not in _CAN_DIE:
        return math.nan
    places = list(range(len(values.shape) - 1))
    largest = tf.reduce_max(tf.abs(values), axis=places)
    is_dead = tf.cast(largest == 0, tf.float32)
    return tf.reduce_mean(is_dead)


def _flat_share(kind, values):
    """The share of values whose slope is below a share of the steepest one."""
    import tensorflow as tf

    if kind not in _CAN_SATURATE:
        return math.nan
    if kind == "sigmoid":
        slope = 4 * values * (1 - values)
    else:
        slope = 1 - values * values
    is_flat = tf.cast(slope < _FLAT_SHARE, tf.float32)
    return tf.reduce_mean(is_flat)


def _activating(model):
    """The layers with one output, of an activation that can die or saturate."""
    found = []
    for layer in model.layers:
        if _is_called_once(layer) and _kind(layer):
            found.append(layer)
    return found


def _is_called_once(layer):
    return len(layer._inbound_nodes) == 1


def _kind(layer):
    """The name of a layer's activation if it can die or saturate, else "".

    Recurrent layers are left out: their output is a product of several activations.
    """
    import keras

    if isinstance(layer, keras.layers.ReLU):
        return "relu"
    if isinstance(layer, keras.layers.RNN) or layer.name.endswith(_PARTS):
        return ""
    activation = vars(layer).get("activation")
    if activation is None:
        return ""
    kind = keras.activations.serialize(activation)
    if kind in _CAN_DIE or kind in _CAN_SATURATE:
        return kind
    return ""


def _shown_name(layer, layers):
    """The name of a layer, or of the one with weights whose values it activates."""
    import keras

    maker = layer
    while maker.name not in layers:
        is_input = isinstance(maker, keras.layers.InputLayer)
        if is_input or not _is_called_once(maker):
            return layer.name
        first = keras.tree.flatten(maker.input)[0]
        maker = first._keras_history.operation
    return maker.name


def _by_layer(variables):
    """Layer → its variables, for layers with a kernel or a table; inputs first."""
    found: dict[str, list] = {}
    for variable in variables:
        name, _, _ = variable.path.rpartition("/")
        found.setdefault(name, []).append(variable)
    with_kernel = {}
    for name, held in found.items():
        num_axes = max(len(each.shape) for each in held)
        if num_axes > 1:
            with_kernel[name] = held
    return with_kernel


def _first_rows(batches):
    """The first rows of training, (x, y, weight), and how many a batch has."""
    import tensorflow as tf

    parts = []
    num_rows = 0
    batch_rows = 0
    for x, y, *rest in batches(0):
        first_port = next(iter(x.values()))
        batch_rows = len(first_port)
        weight = tf.ones(batch_rows)
        if rest:
            weight = rest[0]
        parts.append((x, y, weight))
        num_rows += batch_rows
        if num_rows >= _MOST_ROWS // 2:
            break

    def together(*each):
        return tf.concat(each, 0)[:_MOST_ROWS]

    return tf.nest.map_structure(together, *parts), batch_rows
