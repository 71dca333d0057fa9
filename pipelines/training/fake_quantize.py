"""Layers that round as int8 will, and let gradients through as if they had not.

Imports Keras: to be imported inside functions, and before a model with such layers is loaded.
"""

import itertools

import keras
import numpy as np
import tensorflow as tf

from .call_graph import alter, call_as_it_is, calls_of, copy_layer

_PACKAGE = "pipelines"
_LEAST_RANGE = 1e-6
_LEVELS = 255
# Layers whose int8 output has the scale of their input, or a scale that int8 sets.
_SAME_SCALE = (
    "Flatten",
    "Reshape",
    "Permute",
    "Identity",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "GaussianNoise",
    "MaxPooling1D",
    "MaxPooling2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "Cropping1D",
    "Cropping2D",
    "UpSampling1D",
    "UpSampling2D",
    "RepeatVector",
    "Softmax",
    "Embedding",
    "FakeQuantize",
    "FakeQuantizeAlways",
    "Rescaling",
    "Transpose",
    "Flip",
    "GetItem",
    "Reshape",
    "ExpandDims",
    "Squeeze",
    "Maximum",
    "Minimum",
)
_FIXED_ACTIVATIONS = ("sigmoid", "tanh", "softmax", "hard_sigmoid")
_FUSED_ACTIVATIONS = ("linear", "relu", "relu6")


@keras.saving.register_keras_serializable(package=_PACKAGE)
class FakeQuantize(keras.layers.Layer):
    """Rounds a float32 tensor to the 256 values of an int8 range [low, high], which holds 0;
    gradients pass inside it and stop outside (Jacob et al. 2018, https://arxiv.org/abs/1712.05877).

    In training the range follows each batch's smallest and largest value: their mean over the first
    batches, then a moving average with `momentum`, until `frozen` is 1. Nothing is rounded where
    there is no range yet. The converter takes the range for that of its tensor.
    """

    def __init__(self, momentum=0.99, **names):
        super().__init__(**names)
        self.momentum = momentum

    def build(self, shape):
        def number(name):
            return self.add_weight(
                shape=(), initializer="zeros", trainable=False, name=name, aggregation="mean"
            )

        self.low, self.high, self.num_batches, self.frozen = map(
            number, ("low", "high", "num_batches", "frozen")
        )

    def call(self, x, training=False):
        if training:
            self._follow(x)
        low = tf.convert_to_tensor(self.low)
        high = tf.convert_to_tensor(self.high)
        rounded = tf.quantization.fake_quant_with_min_max_vars(
            x, low, tf.maximum(high, low + _LEAST_RANGE)
        )
        return tf.where(high > low, rounded, x)

    def _follow(self, x):
        share = (1 - self.frozen) * keras.ops.maximum(
            1 / (self.num_batches + 1),
            1 - self.momentum,
        )
        for bound, of_batch in (
            (self.low, keras.ops.minimum(keras.ops.min(x), 0)),
            (self.high, keras.ops.maximum(keras.ops.max(x), 0)),
        ):
            bound.assign(bound + share * (keras.ops.stop_gradient(of_batch) - bound))
        self.num_batches.assign(self.num_batches + 1)

    def compute_output_shape(self, shape):
        return shape

    def range(self) -> tuple[float, float]:
        """(low, high)."""
        low = float(self.low)
        high = float(self.high)
        return low, max(high, low + _LEAST_RANGE)

    def set_range(self, low: float, high: float) -> None:
        """Sets the range, widened to hold 0, and freezes it."""
        for variable, value in (
            (self.low, min(low, 0.0)),
            (self.high, max(high, 0.0)),
            (self.frozen, 1.0),
        ):
            variable.assign(value)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


@keras.saving.register_keras_serializable(package=_PACKAGE)
class FakeQuantizeAlways(FakeQuantize):
    """A FakeQuantize whose range is set, and which rounds in the float32 file too: for what comes
    after it, a value is a place on the grid.
    """

    def in_plain_operators(self, x):
        """Returns the same rounding of a symbolic tensor, in operators that float32 files have."""
        low, high = self.range()
        scale = np.float32(high - low) / np.float32(_LEVELS)
        zero_point = np.clip(np.round(-low / scale), 0, _LEVELS)
        lowest = np.float32(-zero_point) * scale
        highest = np.float32(_LEVELS - zero_point) * scale
        shifted = keras.ops.clip(x, float(lowest), float(highest)) - lowest
        places = keras.ops.floor(shifted * (np.float32(1) / scale) + np.float32(0.5))
        return places * scale + lowest


class _RoundedKernel:
    """A layer that computes with its kernel rounded to int8: 255 values and one scale for every
    output channel.
    """

    def call(self, inputs):
        rounded = {id(kernel): self._rounded(kernel) for kernel in self._kernels()}
        values = [
            (
                variable,
                rounded.get(id(variable), variable.value),
            )
            for variable in self.variables
        ]
        with keras.StatelessScope(state_mapping=values):
            return super().call(inputs)

    def rounded_weights(self):
        """The layer's weights as it computes with them, in the order of `get_weights`."""
        rounded = {id(kernel): self._rounded(kernel) for kernel in self._kernels()}
        return [keras.ops.convert_to_numpy(rounded.get(id(each), each)) for each in self.weights]

    def _kernels(self):
        return [self.kernel]

    def _rounded(self, kernel):
        return round_kernel(kernel)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RoundedDense(_RoundedKernel, keras.layers.Dense):
    """Dense with a rounded kernel."""


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RoundedConv1D(_RoundedKernel, keras.layers.Conv1D):
    """Conv1D with a rounded kernel."""


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RoundedConv2D(_RoundedKernel, keras.layers.Conv2D):
    """Conv2D with a rounded kernel."""


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RoundedDepthwiseConv2D(_RoundedKernel, keras.layers.DepthwiseConv2D):
    """DepthwiseConv2D with a rounded kernel."""

    def _rounded(self, kernel):
        return keras.ops.reshape(
            round_kernel(keras.ops.reshape(kernel, (*kernel.shape[:2], -1))), kernel.shape
        )


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RoundedSeparableConv2D(_RoundedKernel, keras.layers.SeparableConv2D):
    """SeparableConv2D with both kernels rounded."""

    def _kernels(self):
        return [self.depthwise_kernel, self.pointwise_kernel]

    def _rounded(self, kernel):
        if kernel is self.pointwise_kernel:
            return round_kernel(kernel)
        return RoundedDepthwiseConv2D._rounded(self, kernel)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RoundedConv2DTranspose(_RoundedKernel, keras.layers.Conv2DTranspose):
    """Conv2DTranspose with a rounded kernel."""

    def _rounded(self, kernel):
        return keras.ops.swapaxes(round_kernel(keras.ops.swapaxes(kernel, -1, -2)), -1, -2)


ROUNDED = {
    "Dense": RoundedDense,
    "Conv1D": RoundedConv1D,
    "Conv2D": RoundedConv2D,
    "DepthwiseConv2D": RoundedDepthwiseConv2D,
    "SeparableConv2D": RoundedSeparableConv2D,
    "Conv2DTranspose": RoundedConv2DTranspose,
}


def round_kernel(kernel):
    """A kernel rounded to the symmetric int8 grid of each output channel, the last axis: -127..127
    times its largest weight / 127, as TFLite holds kernels
    (https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/ quantization_spec).
    Gradients pass as if it were not rounded.
    """
    kernel = tf.convert_to_tensor(kernel)
    largest = tf.stop_gradient(
        tf.reduce_max(tf.abs(kernel), axis=list(range(len(kernel.shape) - 1)))
    )
    largest = tf.maximum(largest, _LEAST_RANGE)
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -largest, largest, num_bits=8, narrow_range=True
    )


def with_ranges(model, make_layer=copy_layer):
    """A copy of a functional model with a FakeQuantize after every float input and every call whose
    output int8 gives a scale of its own, its range still to be set. Left out: pictures that a
    Rescaling reads, what is fused into the next operator (before batch normalization or ReLU), what
    keeps the scale of what it reads (pooling, reshaping), what a concatenation joins, and the
    model's outputs, whose ranges the converter takes from calibration rows.
    """
    taken = iter(_takes_range(call) for call in calls_of(model))
    names = {layer.name for layer in model.layers}
    inputs = {}

    def ranged(x, name):
        numbered = (f"{name}_range{number or ''}" for number in itertools.count())
        names.add(free := next(each for each in numbered if each not in names))
        return FakeQuantize(name=free)(x)

    def ranged_input(x, name):
        if name not in inputs:
            inputs[name] = ranged(x, name)
        return inputs[name]

    def call(known, layer, *args, **kwargs):
        if type(layer).__name__ != "Rescaling":
            read = keras.tree.flatten((args, kwargs))
            read = [
                ranged_input(x, known.inputs[place])
                if place in known.inputs and x.dtype == "float32"
                else x
                for place, x in enumerate(read)
            ]
            args, kwargs = keras.tree.pack_sequence_as((args, kwargs), read)
        result = layer(*args, **kwargs)
        if next(taken):
            return ranged(result, layer.name)
        return result

    return alter(model, make_layer, call)


def clipped_rows(model, rows):
    """Rows of a model, input → array, cut off at the ranges of the FakeQuantize layers that read
    inputs: the converter then finds the same ranges in them.
    """
    ends = {}
    for layer in model.layers:
        if not isinstance(layer, FakeQuantize):
            continue
        if any(layer.input is each for each in model.inputs):
            ends[layer.input.name] = layer.range()
    return {
        name: np.clip(x, *map(np.float32, ends[name])) if name in ends else x
        for name, x in rows.items()
    }


def without_ranges(model):
    """A copy of a model without its FakeQuantize layers and with plain layers of rounded kernels
    for its Rounded ones: what remains of quantization-aware training in float32. Of a
    FakeQuantizeAlways the rounding remains.
    """
    if not is_quantization_aware(model):
        return model

    def call(known, layer, *args, **kwargs):
        if isinstance(layer, FakeQuantizeAlways):
            return model.get_layer(layer.name).in_plain_operators(args[0])
        if isinstance(layer, FakeQuantize):
            return args[0]
        return layer(*args, **kwargs)

    return with_plain_kernels(alter(model, copy_layer, call))


def with_plain_kernels(model):
    """The model, or a copy with plain layers in place of Rounded ones, their kernels
    rounded once.
    """
    if not any(isinstance(layer, _RoundedKernel) for layer in model.layers):
        return model
    copy = alter(model, _plain_layer, call_as_it_is)
    for layer in model.layers:
        if isinstance(layer, _RoundedKernel):
            copy.get_layer(layer.name).set_weights(layer.rounded_weights())
    return copy


def is_quantization_aware(model) -> bool:
    """Whether a model has layers of this file."""
    return any(isinstance(layer, (FakeQuantize, _RoundedKernel)) for layer in model.layers)


def rounded_layer(layer):
    """The layer that rounds its kernel for a plain one; a copy of any other."""
    kind = ROUNDED.get(type(layer).__name__)
    if kind is None:
        return copy_layer(layer)
    return kind.from_config(layer.get_config())


def _plain_layer(layer):
    if not isinstance(layer, _RoundedKernel):
        return copy_layer(layer)
    plain = next(each for each in type(layer).__mro__ if each.__name__ in ROUNDED)
    return plain.from_config(layer.get_config())


def _takes_range(call):
    if call.is_output or getattr(call.result, "dtype", "several") != "float32":
        return False
    name = type(call.layer).__name__
    reader = call.only_reader()
    if name in _SAME_SCALE or _activation(call.layer) in _FIXED_ACTIVATIONS:
        return False
    if call.readers and all(
        type(each.layer).__name__ == "Concatenate" for each in _rescaling_readers(call)
    ):
        return False
    return reader is None or not (
        is_rectifier(reader)
        or type(reader).__name__ == "BatchNormalization"
        or isinstance(reader, FakeQuantize)
    )


def _rescaling_readers(call):
    """The calls that read what a call makes, past those that keep its scale."""
    for reader in call.readers:
        if type(reader.layer).__name__ in _SAME_SCALE:
            yield from _rescaling_readers(reader)
        else:
            yield reader


def _activation(layer):
    return getattr(getattr(layer, "activation", None), "__name__", None)


def is_rectifier(layer) -> bool:
    """Whether a layer is one of the activations that TFLite fuses into the operator before."""
    if type(layer).__name__ == "ReLU":
        return layer.max_value in (None, 6) and layer.negative_slope == 0 and layer.threshold == 0
    return type(layer).__name__ == "Activation" and _activation(layer) in _FUSED_ACTIVATIONS
