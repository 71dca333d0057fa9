"""A user's flat Keras model with the ports of the device as its inputs."""

import numpy as np

from .inputs import OwnInput
from .rebuild import consumers, rebuild, unchanged


def ported(model, own: list[OwnInput]):
    """Gives a flat model the ports as its inputs.

    Pixels are rescaled, and axes laid, as the model takes them.

    Args:
        model: A flat keras.Model.
        own: Its inputs.

    Returns:
        A keras.Model whose inputs are the ports by name.
    """
    import keras

    pictures = [own_input for own_input in own if own_input.port.is_picture]
    only_picture = None
    if len(pictures) == 1:
        only_picture = pictures[0]
    inputs = {}
    tensors = []
    for own_input in own:
        port = own_input.port
        tensor = keras.Input(port.shape, name=port.name, dtype=port.dtype)
        inputs[port.name] = tensor
        tensors.append(_as_taken(own_input, tensor, own_input is only_picture))
    structured = keras.tree.pack_sequence_as(model.input, tensors)
    output = model.call(structured)
    if len(output.shape) != 2:
        flatten = keras.layers.Flatten(name="flat_output")
        output = flatten(output)
    whole = rebuild(keras.Model(inputs, output), unchanged)
    if only_picture is None or _is_rescaled(only_picture):
        return whole
    place = own.index(only_picture)
    return _with_pixels_named(whole, place)


def _as_taken(own, tensor, is_only_picture):
    """Returns the tensor of a port, rescaled and laid as the model takes it."""
    import keras

    name = own.port.name
    if _is_rescaled(own):
        layer_name = f"rescaled_{name}"
        if is_only_picture and _is_whole(own.offset, own.factor):
            layer_name = "pixels"
        rescaling = keras.layers.Rescaling(own.factor, own.offset, name=layer_name)
        tensor = rescaling(tensor)
    shape = tuple(tensor.shape[1:])
    if shape == own.shape:
        return tensor
    reshape = keras.layers.Reshape(own.shape, name=f"laid_{name}")
    return reshape(tensor)


def _is_rescaled(own):
    return (own.factor, own.offset) != (1.0, 0.0)


def _with_pixels_named(model, place):
    """Returns the model whose own Rescaling of an input's pixels is called `pixels`.

    A model stays as it is if it has none that takes a pixel as its own quantized value.
    """
    import keras

    rescaling = _own_rescaling(model, place)
    if rescaling is None:
        return model

    def change(layer, *tensors):
        if layer is not rescaling:
            return None
        named = keras.layers.Rescaling(layer.scale, layer.offset, name="pixels")
        return named(tensors[0])

    return rebuild(model, change)


def _own_rescaling(model, place):
    """Returns the Rescaling that alone reads an input, and takes pixels as they are quantized."""
    readers = consumers(model, model.inputs[place])
    if len(readers) != 1:
        return None
    rescaling = readers[0]
    if type(rescaling).__name__ != "Rescaling":
        return None
    if np.ndim(rescaling.scale) == 0 and _is_whole(rescaling.offset, rescaling.scale):
        return rescaling
    return None


def _is_whole(offset, factor):
    """Returns whether the offset is a whole number of factors.

    Only then is a pixel its own quantized value.
    """
    if np.ndim(offset) != 0:
        return False
    steps = offset / factor
    distance = abs(steps - round(steps))
    return distance < 1e-6
