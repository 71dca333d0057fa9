"""What of a user's Keras model has no form on a device, refused by the name of its layer."""

from typing import NoReturn

from ..errors import ExportError

_LOOKUPS = (
    "TextVectorization",
    "StringLookup",
    "IntegerLookup",
    "Hashing",
    "HashedCrossing",
    "CategoryEncoding",
    "Discretization",
)
RECURRENT = ("LSTM", "GRU", "SimpleRNN")
_UNCONVERTED = ("RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "StackedRNNCells")


def refuse(what: str, *, expected: str, fix: str) -> NoReturn:
    """Raises ExportError.

    Args:
        what: What was received.
        expected: What was expected instead.
        fix: How to fix it.
    """
    raise ExportError(what, expected=expected, fix=fix)


def check_kind(model) -> None:
    """Checks that a model is a built Functional or Sequential one with one output.

    Raises:
        ExportError: If it is not.
    """
    if not _has_graph(model):
        refuse(
            f"the model {model.name!r} is a subclass of keras.Model ({type(model).__name__})",
            expected="a Functional or Sequential model: of any other the graph is code",
            fix="build it with keras.Model(inputs, outputs)",
        )
    if not model.built:
        refuse(
            f"the model {model.name!r} was never built",
            expected="known input shapes",
            fix="start it with keras.Input(shape)",
        )
    num_outputs = len(model.outputs)
    if num_outputs != 1:
        refuse(
            f"{num_outputs} outputs",
            expected="one",
            fix="export a keras.Model(inputs, output) of each, or concatenate them",
        )


def check_inner_model(model) -> None:
    """Raises ExportError for a model inside another whose graph is code."""
    if not _has_graph(model):
        kind = type(model).__name__
        refuse(
            f"the layer {model.name!r} is a subclass of keras.Model ({kind})",
            expected="built-in layers",
            fix="build it with keras.Model(inputs, outputs)",
        )


def _has_graph(model):
    """Returns whether a model is Functional or Sequential."""
    import keras

    if isinstance(model, keras.Sequential):
        return True
    return type(model).__name__ == "Functional"


def _named(layer):
    """Returns a layer by its name and its class."""
    kind = type(layer).__name__
    return f"the layer {layer.name!r} ({kind})"


def check_layer(layer) -> None:
    """Raises ExportError for a layer that has no form on a device."""
    kind = type(layer).__name__
    named = _named(layer)
    if not type(layer).__module__.startswith("keras."):
        refuse(
            f"{named} is not one of Keras",
            expected="built-in layers",
            fix="write it with built-in layers: no code travels to a device",
        )
    if kind == "Lambda":
        refuse(
            f"{named} holds code",
            expected="built-in layers",
            fix="write it with built-in layers or keras.ops",
        )
    if kind in _LOOKUPS:
        refuse(
            f"{named} looks things up outside the graph",
            expected="a model of numbers or token ids",
            fix="cut the model after it, and hand over its ids as rows",
        )
    if kind in _UNCONVERTED:
        refuse(
            f"{named} kills the converter: it is a loop",
            expected="LSTM, GRU or SimpleRNN, which have a device form",
            fix="use one of them",
        )
    if _hides_steps(layer):
        refuse(
            f"{named} hides steps from the layers after it",
            expected="a model without masks: no device runtime has them",
            fix="build it without the mask (mask_zero=False), and train it on padded rows",
        )
    if layer.quantization_mode:
        refuse(
            f"{named} is quantized already ({layer.quantization_mode})",
            expected="float weights",
            fix="hand over the model from before model.quantize()",
        )
    if kind == "Bidirectional":
        _check_recurrent(layer.forward_layer, named)
        _check_recurrent(layer.backward_layer, named)
    if kind in RECURRENT:
        _check_recurrent(layer, named)


def _hides_steps(layer):
    """Returns whether a layer masks steps."""
    kind = type(layer).__name__
    if kind == "Embedding":
        return layer.mask_zero
    return kind == "Masking"


def _check_recurrent(layer, named):
    """Raises ExportError for a recurrent layer that no device runtime computes.

    Args:
        layer: The layer, or one inside of a Bidirectional.
        named: The outer one, in words.
    """
    kind = type(layer).__name__
    if kind not in RECURRENT:
        refuse(f"{named} holds a {kind}", expected=" or ".join(RECURRENT), fix="use one of them")
    if layer.stateful or layer.return_state:
        refuse(
            f"{named} keeps or gives its state",
            expected="a layer that begins each row anew",
            fix="stateful=False, return_state=False",
        )
    if kind != "LSTM":
        return
    activations = [layer.activation.__name__, layer.recurrent_activation.__name__]
    if activations != ["tanh", "sigmoid"]:
        refuse(
            f"{named} with the activations {' and '.join(activations)}",
            expected="tanh and sigmoid, which the device's LSTM has",
            fix="train it with these, or use a GRU, which is unrolled",
        )
