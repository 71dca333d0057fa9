"""Keras layers in a form that the converter and every runtime know, of equal arithmetic."""

import numpy as np

from .rebuild import applied, copied
from .refusals import RECURRENT, refuse

# Layers that only training has; RandomCrop is not among them: it cuts the middle out of every
# picture.
_TRAINING_ONLY = (
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomContrast",
    "RandomBrightness",
    "RandomShear",
    "RandomHue",
    "RandomSaturation",
    "RandomSharpness",
    "RandomGrayscale",
    "RandomColorJitter",
    "RandomInvert",
    "RandomPosterization",
    "RandomPerspective",
    "RandomGaussianBlur",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomColorDegeneration",
    "RandAugment",
    "AugMix",
)


def plain_form(layer, *tensors):
    """Returns what a layer's output becomes, or None; a change of `rebuild`.

    Args:
        layer: Of a flat model.
        tensors: What it is called with.

    Raises:
        ExportError: If it has no such form.
    """
    kind = type(layer).__name__
    if kind in _TRAINING_ONLY:
        return tensors[0]
    if kind == "Normalization":
        return _normalized(layer, tensors[0])
    if kind == "Bidirectional":
        return _both_ways(layer, tensors[0])
    if kind in RECURRENT and not layer.return_sequences:
        steps = _every_step(layer, tensors[0], name=layer.name)
        return _last_step(steps, name=layer.name)
    if kind == "TimeDistributed":
        return _dense_of_steps(layer, tensors[0])
    return None


def _dense_of_steps(layer, steps):
    """Returns the output of a Dense layer, which takes steps by itself; None for another layer."""
    inner = layer.layer
    if type(inner).__name__ != "Dense":
        return None
    dense = copied(inner, name=layer.name)
    return applied(dense, inner, steps)


def _both_ways(layer, steps):
    """Returns the output of a Bidirectional layer, of two recurrent ones."""
    import keras

    name = layer.name
    forward = _every_step(layer.forward_layer, steps, name=f"{name}_forward")
    backward = _every_step(layer.backward_layer, steps, name=f"{name}_backward")
    if layer.return_sequences:
        backward = keras.ops.flip(backward, axis=1)
    else:
        forward = _last_step(forward, name=f"{name}_forward")
        backward = _last_step(backward, name=f"{name}_backward")
    merges = {
        "concat": keras.layers.Concatenate,
        "sum": keras.layers.Add,
        "mul": keras.layers.Multiply,
        "ave": keras.layers.Average,
    }
    if layer.merge_mode not in merges:
        refuse(
            f"the layer {name!r} (Bidirectional) gives two outputs",
            expected="merge_mode 'concat', 'sum', 'mul' or 'ave'",
            fix="merge them",
        )
    merge = merges[layer.merge_mode](name=name)
    return merge([forward, backward])


def _every_step(layer, steps, *, name):
    """Returns the output of a recurrent layer after every step."""
    recurrent = copied(layer, name=name, return_sequences=True)
    return applied(recurrent, layer, steps)


def _last_step(steps, *, name):
    """Returns the last of steps [rows, steps, width] as [rows, width]."""
    import keras

    _, num_steps, width = steps.shape
    last = steps
    if num_steps > 1:
        crop = keras.layers.Cropping1D((num_steps - 1, 0), name=f"{name}_last")
        last = crop(steps)
    reshape = keras.layers.Reshape((width,), name=f"{name}_flat")
    return reshape(last)


def _normalized(layer, x):
    """Returns the output of a Normalization as that of a Rescaling or a BatchNormalization.

    They convert and can be copied; a copy of a Normalization layer forgets what it learned.
    """
    import keras

    offset, factor = _normalization_of(layer)
    shift = -offset * factor
    if offset.size == 1:
        rescaling = keras.layers.Rescaling(
            float(factor.item()), float(shift.item()), name=layer.name
        )
        return rescaling(x)
    if offset.size != x.shape[-1]:
        refuse(
            f"the layer {layer.name!r} (Normalization) over axes {layer.axis}",
            expected="the last axis, or all",
            fix="Normalization(axis=-1)",
        )
    scaled = keras.layers.BatchNormalization(
        epsilon=1e-12, center=True, scale=True, name=layer.name
    )
    output = scaled(x)
    mean = np.zeros_like(offset)
    variance = np.ones_like(offset)
    scaled.set_weights([factor, shift, mean, variance])
    return output


def _normalization_of(layer):
    """Returns (offset, factor) float32 of a Normalization layer: (x - offset) * factor."""
    if layer.invert:
        refuse(
            f"the layer {layer.name!r} (Normalization) is inverted",
            expected="invert=False",
            fix="use a Rescaling layer",
        )
    mean = np.asarray(layer.mean, np.float32)
    variance = np.asarray(layer.variance, np.float32)
    deviation = np.sqrt(variance.ravel())
    least = np.float32(1e-7)  # Keras' own epsilon
    return mean.ravel(), 1 / np.maximum(deviation, least)
