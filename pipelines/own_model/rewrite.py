"""A user's Keras model to one that the converter, the runner and the ladder know: flat, float32, of
fresh layers.

What would be converted to something else, or kill the converter, is rewritten to an equal form or
refused by the name of its layer, before anything is converted. The arithmetic stays: `own_model`
compares both on rows.
"""

from .plain_forms import plain_form
from .rebuild import applied, copied, rebuild, unchanged
from .refusals import check_inner_model, check_kind, check_layer

_ACTIVATIONS = ("softmax", "sigmoid")


def flatten(model):
    """Returns a Functional or Sequential model as a Functional one without models inside it.

    Its layers are fresh ones of float32 that are each called once; layers that only training has
    are gone, recurrent ones give every step.

    Args:
        model: The user's keras.Model.

    Raises:
        ExportError: For subclassed models and for layers that have no form on a device.
    """
    import keras

    check_kind(model)
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    while _holds_models(model):
        model = keras.models.clone_model(
            model, clone_function=lambda layer: layer, call_function=_inside
        )
    for layer in model.layers:
        check_layer(layer)
    # First names of their own: those of the plain forms are made of them.
    named = rebuild(model, unchanged)
    return rebuild(named, plain_form)


def _holds_models(model):
    import keras

    return any(isinstance(layer, keras.Model) for layer in model.layers)


def _inside(layer, *args, **kwargs):
    """Goes through a model inside another: its layers become layers of the outer one."""
    import keras

    if not isinstance(layer, keras.Model):
        return layer(*args, **kwargs)
    check_inner_model(layer)
    return layer.call(*args)


def without_last_activation(model):
    """Takes off the softmax or the sigmoid that a flat model ends with.

    Args:
        model: A flat keras.Model.

    Returns:
        A copy of the model, and the name of what was taken off; the model itself and "" if it ends
        with none.
    """
    import keras

    last = model.operations[-1]
    activation = _activation_of(last)
    if activation not in _ACTIVATIONS:
        return model, ""
    if not isinstance(last, keras.layers.Layer):  # one of keras.ops
        before = keras.Model(model.input, last.input)
        return rebuild(before, unchanged), activation

    def change(layer, *tensors):
        if layer is not last:
            return None
        if type(layer).__name__ in ("Softmax", "Activation"):
            return tensors[0]
        linear = copied(layer, activation="linear")
        return applied(linear, layer, *tensors)

    return rebuild(model, change), activation


def _activation_of(operation):
    """Returns the name of the activation that a layer or an operation is or ends with, or ""."""
    kind = type(operation).__name__
    if kind in ("Softmax", "Sigmoid"):
        return kind.lower()
    activation = getattr(operation, "activation", None)
    return getattr(activation, "__name__", "")
