"""Batch normalization, which in use is a factor and an offset for every channel, goes into the
layer before it.
"""

from collections import Counter

import numpy as np

from ..training.call_graph import Call, alter, call_as_it_is, calls_of, copy_layer

# By class: the place of the kernel that gives the output channels among the layer's weights.
_KERNEL_PLACES = {
    "Dense": 0,
    "Conv1D": 0,
    "Conv2D": 0,
    "Conv3D": 0,
    "Conv1DTranspose": 0,
    "Conv2DTranspose": 0,
    "DepthwiseConv1D": 0,
    "DepthwiseConv2D": 0,
    "SeparableConv1D": 1,
    "SeparableConv2D": 1,
}


def fold_batch_norm(model):
    """A copy of a functional Keras model in which every BatchNormalization that alone reads a
    convolution or a dense layer without activation is gone: its running statistics, factor and
    offset went into that layer's kernel and bias (Jacob et al. 2018,
    https://arxiv.org/abs/1712.05877). Its answers in inference are the same but for float32
    rounding; in training it has no batch statistics any more. Others, such as one after an
    addition, stay.
    """
    calls = calls_of(model)
    num_calls = Counter(call.layer.name for call in calls)
    folded = {}
    for each in calls:
        if _folds(each, num_calls):
            giver = each.givers[0].layer
            folded[giver.name] = each.layer.name
    if not folded:
        return alter(model, copy_layer, call_as_it_is)
    norms = set(folded.values())

    def with_bias(layer):
        if layer.name not in folded:
            return copy_layer(layer)
        return layer.__class__.from_config({**layer.get_config(), "use_bias": True})

    def call(known, layer, *args, **kwargs):
        if layer.name in norms:
            return args[0]
        return layer(*args, **kwargs)

    copy = alter(model, with_bias, call)
    for name, norm in folded.items():
        copy.get_layer(name).set_weights(
            _folded_weights(model.get_layer(name), model.get_layer(norm))
        )
    return copy


def _folds(call: Call, num_calls):
    if type(call.layer).__name__ != "BatchNormalization" or len(call.givers) != 1:
        return False
    giver = call.givers[0]
    layer = giver.layer
    return (
        _plain_class(layer) is not None
        and len(giver.readers) == 1
        and not giver.is_output
        and layer.activation.__name__ == "linear"
        and getattr(layer, "data_format", None) != "channels_first"
        and call.layer.axis in (-1, len(layer.output.shape) - 1)
        and num_calls[layer.name] == num_calls[call.layer.name] == 1
    )


def _plain_class(layer):
    return next(
        (each.__name__ for each in type(layer).__mro__ if each.__name__ in _KERNEL_PLACES), None
    )


def _folded_weights(layer, norm):
    """The weights of a layer with those of the normalization after it, in float64 on the way."""
    kernels = [np.asarray(each, np.float64) for each in layer.get_weights()]
    if layer.use_bias:
        bias = kernels.pop()
    else:
        bias = 0.0
    factor = 1 / np.sqrt(np.asarray(norm.moving_variance, np.float64) + norm.epsilon)
    if norm.gamma is not None:
        factor = factor * np.asarray(norm.gamma, np.float64)
    if norm.beta is None:
        offset = 0.0
    else:
        offset = np.asarray(norm.beta, np.float64)
    place = _KERNEL_PLACES[_plain_class(layer)]
    name = _plain_class(layer)
    if name.startswith("Depthwise"):
        spread = factor.reshape(kernels[place].shape[-2:])
    else:
        if name.endswith("Transpose"):
            spread = factor[:, None]
        else:
            spread = factor
    kernels[place] = kernels[place] * spread
    return [
        each.astype(np.float32)
        for each in (*kernels, (bias - np.asarray(norm.moving_mean)) * factor + offset)
    ]
