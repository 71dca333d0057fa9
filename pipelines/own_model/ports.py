"""A user's flat Keras model with the ports of the device as its inputs."""

import numpy as np

from .inputs import OwnInput
from .rewrite import consumers, rebuild, unchanged


def ported(model, own: list[OwnInput]):
    """Returns a flat model with the ports as inputs, by name: pixels are rescaled and axes laid as
    the model takes them.
    """
    import keras

    pictures = [each for each in own if each.port.is_picture]
    inputs = {}
    for each in own:
        port = each.port
        inputs[port.name] = keras.Input(port.shape, name=port.name, dtype=port.dtype)
    tensors = []
    for each in own:
        tensor = inputs[each.port.name]
        tensors.append(_as_taken(each, tensor, pictures))
    structured = keras.tree.pack_sequence_as(model.input, tensors)
    output = model.call(structured)
    if len(output.shape) != 2:
        output = keras.layers.Flatten(name="flat_output")(output)
    whole = rebuild(keras.Model(inputs, output), unchanged)
    if len(pictures) == 1 and not _is_rescaled(pictures[0]):
        place = own.index(pictures[0])
        return _with_pixels_named(whole, place)
    return whole


def _as_taken(own, tensor, pictures):
    """Returns the tensor of a port, rescaled and laid as the model takes it."""
    import keras

    if _is_rescaled(own):
        name = _pixels_name(own, pictures)
        tensor = keras.layers.Rescaling(own.factor, own.offset, name=name)(tensor)
    shape = tuple(tensor.shape[1:])
    if shape == own.shape:
        return tensor
    name = f"laid_{own.port.name}"
    return keras.layers.Reshape(own.shape, name=name)(tensor)


def _is_rescaled(own):
    return (own.factor, own.offset) != (1.0, 0.0)


def _with_pixels_named(model, place):
    """Returns the model whose own Rescaling of an input's pixels is called `pixels`, where it has
    one that takes a pixel as its own quantized value.
    """
    import keras

    readers = consumers(model, model.inputs[place])
    if len(readers) != 1:
        return model
    rescaling = readers[0]
    if type(rescaling).__name__ != "Rescaling" or np.ndim(rescaling.scale):
        return model
    if not _is_whole(rescaling.offset, rescaling.scale):
        return model

    def change(layer, *tensors):
        if layer is not rescaling:
            return None
        named = keras.layers.Rescaling(layer.scale, layer.offset, name="pixels")
        return named(tensors[0])

    return rebuild(model, change)


def _pixels_name(own, pictures):
    if len(pictures) == 1 and _is_whole(own.offset, own.factor):
        return "pixels"
    return f"rescaled_{own.port.name}"


def _is_whole(offset, factor):
    """Returns whether the offset is a whole number of factors: only then is a pixel its own
    quantized value.
    """
    if np.ndim(offset) != 0:
        return False
    steps = offset / factor
    return abs(steps - round(steps)) < 1e-6
