"""Copies of a flat Keras model in which some layers are changed."""

from collections.abc import Callable

import numpy as np


def rebuild(model, change: Callable):
    """Copies a Functional model of fresh layers with the same weights in float32.

    Each layer is called once, whatever the original shares.

    Args:
        model: A Functional keras.Model.
        change: A function of a layer and its tensors, which returns the tensor that stands for the
            layer's output, or None if the layer is to be copied.
    """
    import keras

    names: set[str] = set()

    def call(layer, *args, **kwargs):
        if type(layer).__name__ == "ConvertToTensor":  # left by a model that was gone through
            return args[0]
        changed = change(layer, *args)
        if changed is not None:
            return changed
        if not isinstance(layer, keras.layers.Layer):
            operation = _copied_operation(layer)
            return operation(*args, **kwargs)
        name = _free_name(layer.name, names)
        names.add(name)
        options = dict(kwargs)
        options.pop("mask", None)
        options.pop("training", None)
        return applied(copied(layer, name=name), layer, *args, **options)

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)


def unchanged(layer, *tensors):
    """The change of `rebuild` that is none."""


def copied(layer, **changes):
    """Returns a layer of the same configuration in float32, but for the changes."""
    config = {**layer.get_config(), "dtype": "float32", **changes}
    return layer.__class__.from_config(config)


def _copied_operation(operation):
    """Returns a copy of one of keras.ops."""
    config = operation.get_config()
    return operation.__class__.from_config(config)


def _free_name(name, taken):
    """Returns the name, with a number behind it if it is taken."""
    free = name
    number = 0
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def applied(new, old, *args, **kwargs):
    """Returns the output of a layer that gets the weights of another, as float32."""
    import keras

    output = new(*args, **kwargs)
    if old.weights:
        weights = [_as_float32(array) for array in old.get_weights()]
        new.set_weights(weights)
    if isinstance(new, keras.layers.Normalization):
        # It computes with what it derives from its weights.
        new.finalize_state()
    return output


def _as_float32(weights):
    """Returns weights as float32; whole numbers and truth values stay as they are."""
    array = np.asarray(weights)
    if array.dtype.kind in "iub":
        return array
    return array.astype(np.float32)


def consumers(model, tensor) -> list:
    """Returns the layers and operations of a flat model that take a tensor."""
    import keras

    found = []
    for operation in model.operations:
        if type(operation).__name__ == "InputLayer":
            continue
        for taken in keras.tree.flatten(operation.input):
            if taken is tensor:
                found.append(operation)
                break
    return found
