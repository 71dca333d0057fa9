"""Six activations in numpy, each with its slope."""

import numpy as np

from .deep import Bend, relu

_GELU_SLOPE = 1.702  # as in `slots.Layers`


def leaky_relu(z):
    """Returns z above zero and a hundredth of it below, and the slope."""
    slope = np.where(
        z > 0,
        1.0,
        0.01,
    )
    return z * slope, slope


def elu(z):
    """Returns z above zero and exp(z) - 1 below, and the slope."""
    power = np.exp(np.minimum(z, 0))
    return np.where(
        z > 0,
        z,
        power - 1,
    ), np.where(
        z > 0,
        1.0,
        power,
    )


def gelu(z):
    """Returns z times a steep sigmoid of it, and the slope."""
    gate = _gate(_GELU_SLOPE * z)
    return z * gate, gate + _GELU_SLOPE * z * gate * (1 - gate)


def tanh(z):
    """Returns tanh(z), and its slope."""
    value = np.tanh(z)
    return value, 1 - value**2


def sigmoid(z):
    """Returns 1 / (1 + exp(-z)), and its slope."""
    gate = _gate(z)
    return gate, gate * (1 - gate)


def _gate(z):
    return (1 + np.tanh(z / 2)) / 2


BENDS: dict[str, Bend] = {
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "tanh": tanh,
    "sigmoid": sigmoid,
}
