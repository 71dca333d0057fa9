"""The choices of `slots.Layers` as layers of Keras, for networks of every modality."""

import dataclasses
import math
from typing import Any

from ..errors import RecipeError
from ..slots import Network
from ..slots.layers import Layers

# Of SELU, Klambauer et al. 2017, equation 2.
_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772
# The sigmoid with this slope is the nearest to GELU, Hendrycks and Gimpel 2016, section 2.
_GELU_SLOPE = 1.702
_NAMES_OF_KERAS = {"swish": "silu", "hard_swish": "hard_silu"}
_GROUP_CHANNELS = 8
_LEAST_GROUP = 4


def activated(x, activation: str, name: str):
    """Applies an activation in layers that int8 has.

    Args:
        x: A Keras tensor.
        activation: One of `slots.layers.ACTIVATIONS`.
        name: What the names of the layers begin with.
    """
    import keras

    layers = keras.layers
    whole = f"{name}_{activation}"
    if activation == "leaky_relu":
        return layers.LeakyReLU(negative_slope=0.01, name=whole)(x)
    if activation == "prelu":
        return _parametric(x, whole)
    if activation == "elu":
        return _exponential_units(x, whole, scale=1.0, alpha=1.0)
    if activation == "selu":
        return _exponential_units(x, whole, scale=_SELU_SCALE, alpha=_SELU_ALPHA)
    if activation == "gelu":
        rescale = layers.Rescaling(_GELU_SLOPE, name=f"{whole}_steep")
        steep = rescale(x)
        gate = layers.Activation("sigmoid", name=f"{whole}_gate")
        multiply = layers.Multiply(name=whole)
        return multiply([x, gate(steep)])
    theirs = _NAMES_OF_KERAS.get(activation, activation)
    activate = layers.Activation(theirs, name=whole)
    return activate(x)


def _parametric(x, name):
    """One slope a channel, from He et al.'s start of a quarter."""
    import keras

    start = keras.initializers.Constant(0.25)
    last = len(x.shape) - 1
    places = list(range(1, last))
    rectify = keras.layers.PReLU(
        alpha_initializer=start,
        shared_axes=places or None,
        name=name,
    )
    return rectify(x)


def _exponential_units(x, name, *, scale, alpha):
    """scale * x above zero, scale * alpha * (exp(x) - 1) below it.

    The converter leaves TFLite's own ELU in float32, and LiteRT's reference kernels lack it; Keras'
    SELU has a SELECT. These operators are all int8.
    """
    import keras

    layers = keras.layers
    above = layers.Activation("relu", name=f"{name}_relu")(x)
    turned = layers.Rescaling(-1.0, name=f"{name}_turned")(x)
    size = layers.Activation("relu", name=f"{name}_size")(turned)
    negative = layers.Rescaling(-1.0, name=f"{name}_negative")(size)
    power = layers.Activation("exponential", name=f"{name}_power")(negative)
    depth = scale * alpha
    lower = layers.Rescaling(depth, -depth, name=f"{name}_below")
    below = lower(power)
    if scale != 1:
        above = layers.Rescaling(scale, name=f"{name}_above")(above)
    add = layers.Add(name=name)
    return add([above, below])


def normalized(x, normalization: str, name: str):
    """Applies layer or group normalization over channels.

    Args:
        x: A Keras tensor.
        normalization: "layer" or "group".
        name: What the name of the layer begins with.
    """
    import keras

    if normalization == "layer":
        normalize = keras.layers.LayerNormalization(name=f"{name}_norm")
    else:
        width = x.shape[-1]
        normalize = keras.layers.GroupNormalization(_num_groups(width), name=f"{name}_norm")
    return normalize(x)


def _num_groups(width):
    """Groups of eight or four channels where they divide the width, else one of all."""
    channels = math.gcd(width, _GROUP_CHANNELS)
    if channels < _LEAST_GROUP:
        return 1
    return width // channels


def added(x, branch, rate: float, *, name: str, seed: int):
    """Adds a branch to what it read; in training it is left out for a share of the rows, and counts
    more for the others, so that its mean stays.

    Args:
        x: A Keras tensor.
        branch: Of the same shape.
        rate: The share.
        name: Of the addition.
        seed: Of which rows.
    """
    import keras

    others = [1] * (len(branch.shape) - 1)
    drop = keras.layers.Dropout(
        rate,
        noise_shape=(None, *others),
        seed=seed,
        name=f"{name}_depth",
    )
    dropped = drop(branch)
    add = keras.layers.Add(name=name)
    return add([x, dropped])


def initializer(name: str, seed: int):
    """Returns an initializer of Keras by its name."""
    import keras

    make = getattr(keras.initializers, name)
    return make(seed=seed)


def penalized(model, layers: Layers):
    """Puts penalties and constraints on all kernels of a model that are trained, in place, once.

    Args:
        model: A keras.Model, not compiled yet.
        layers: The choices.

    Returns:
        The same model.
    """
    if not (layers.l1 or layers.l2 or layers.constraint != "none"):
        return model
    for layer, kernel in _kernels(model):
        before = layer.kernel_regularizer
        regularizer = _elastic(layers, before)
        layer.kernel_regularizer = regularizer
        kernel.regularizer = regularizer
        num_axes = len(kernel.shape)
        constraint = _constraint(layers, num_axes)
        layer.kernel_constraint = constraint
        kernel.constraint = constraint
    return model


def _kernels(model):
    """Pairs of what holds the settings of a kernel, and the kernel."""
    import keras

    kinds = keras.layers
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _kernels(layer)
        holder = layer
        if isinstance(layer, kinds.RNN):
            holder = layer.cell
        elif not isinstance(layer, (kinds.Dense, kinds.Conv1D, kinds.Conv2D)):
            continue
        if isinstance(layer, (kinds.DepthwiseConv1D, kinds.DepthwiseConv2D)):
            continue
        if layer.trainable:
            yield holder, holder.kernel


def _elastic(layers, before):
    """L1 and L2, with the L2 that the network itself has; what is there already stays."""
    import keras

    if not (layers.l1 or layers.l2):
        return before
    if isinstance(before, keras.regularizers.L1L2):
        return before
    own = 0.0
    if isinstance(before, keras.regularizers.L2):
        own = float(before.l2)
    return keras.regularizers.L1L2(l1=layers.l1, l2=layers.l2 + own)


def _constraint(layers, num_axes):
    """Of the weights into each unit: the last axis of a kernel is that of the units."""
    import keras

    axis = list(range(num_axes - 1))
    if layers.constraint == "max_norm":
        return keras.constraints.MaxNorm(layers.max_norm, axis=axis)
    if layers.constraint == "unit_norm":
        return keras.constraints.UnitNorm(axis=axis)
    if layers.constraint == "non_negative":
        return keras.constraints.NonNeg()
    return None


def built_with_layers(network: Network, signature: Any, **arguments: Any) -> Any:
    """Returns the model of a network, with every choice of its `layers` in it.

    Args:
        network: A spec.
        signature: What the model takes and gives.
        arguments: Of `Network.build`.

    Raises:
        RecipeError: The network has no layer for a choice.
    """
    networks = list(_networks(network))
    for each in networks:
        each.layers.check()
    model = penalized(network.build(signature, **arguments), network.layers)
    for each in networks:
        _refuse_unused(each, model)
    return model


def _networks(network):
    """The network, and those inside it; members of an ensemble are built, and asked, each alone."""
    yield network
    if network.fits_members:
        return
    for field in dataclasses.fields(network):
        value = vars(network)[field.name]
        if isinstance(value, Network):
            yield from _networks(value)


def _refuse_unused(network, model):
    """Raises RecipeError for a choice that left nothing in the model."""
    if network.layers == Layers():
        return
    uses = _uses(network.layers, model)
    for name, is_used in uses.items():
        chosen = vars(network.layers)[name]
        default = Layers.__dataclass_fields__[name].default
        if is_used or chosen == default:
            continue
        kind = type(network).__name__
        raise RecipeError(
            f"build.layers.{name}={chosen!r} for {kind}, which has no layer for it",
            expected="a choice that changes the network",
            fix=f"--set build.layers.{name}={default!r}, or another network",
        )


def _uses(layers, model):
    """Choice → whether it is in the model."""
    import keras

    kinds = keras.layers
    every = list(model._flatten_layers(include_self=False, recursive=True))
    names = [layer.name for layer in every]
    kernels = list(_kernels(model))
    has_kernel = bool(kernels)
    local = {
        "max": kinds.MaxPooling2D,
        "average": kinds.AveragePooling2D,
    }
    last = {
        "max": kinds.GlobalMaxPooling2D,
        "average": kinds.GlobalAveragePooling2D,
    }

    def has(kind):
        return any(isinstance(layer, kind) for layer in every)

    def is_named(ending):
        return any(name.endswith(ending) for name in names)

    initializers = [type(layer.kernel_initializer).__name__ for layer, _ in kernels]
    return {
        "activation": is_named(f"_{layers.activation}"),
        "initializer": layers.initializer in initializers,
        "normalization": has((kinds.LayerNormalization, kinds.GroupNormalization)),
        "l1": has_kernel,
        "l2": has_kernel,
        "constraint": has_kernel,
        "max_norm": has_kernel and layers.constraint == "max_norm",
        "noise": has(kinds.GaussianNoise),
        "spatial_dropout": is_named("_channels"),
        "stochastic_depth": is_named("_depth"),
        "pooling": has(local.get(layers.pooling, ())),
        "global_pooling": has(last.get(layers.global_pooling, ())),
    }
