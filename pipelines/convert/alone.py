"""A layer converted alone, to find the one that makes the converter give up without a word."""

import numpy as np

from .lower import lower
from .write import tflite_bytes

# Layers that were seen to convert in every form; only others are worth the second that a trial
# costs.
_PLAIN_LAYERS = (
    "InputLayer",
    "Dense",
    "BatchNormalization",
    "Activation",
    "ReLU",
    "Dropout",
    "Add",
    "Concatenate",
    "Flatten",
    "Reshape",
    "Identity",
    "Embedding",
    "Average",
    "Rescaling",
    "Conv2D",
    "DepthwiseConv2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalAveragePooling2D",
    "ZeroPadding2D",
    "Multiply",
    "SpatialDropout1D",
    "Conv1D",
    "GlobalMaxPooling1D",
    "Softmax",
    "Permute",
)


def is_worth_a_trial(call) -> bool:
    """Tests whether a call of a layer takes and gives floats, and is none that always converts.

    Args:
        call: A `training.call_graph.Call`.
    """
    import keras

    tensors = [
        each
        for each in keras.tree.flatten((call.arguments, call.result))
        if isinstance(each, keras.KerasTensor)
    ]
    is_plain = type(call.layer).__name__ in _PLAIN_LAYERS
    return not is_plain and all("float" in str(each.dtype) for each in tensors)


def convert_alone(call) -> None:
    """Converts one call of a layer to int8, on random rows."""
    import keras

    read = {
        id(each): each
        for each in keras.tree.flatten(call.arguments)
        if isinstance(each, keras.KerasTensor)
    }
    inputs = {
        key: keras.Input(each.shape[1:], dtype=each.dtype, name=f"input{place}")
        for place, (key, each) in enumerate(read.items())
    }
    args, kwargs = keras.tree.map_structure(
        lambda each: inputs.get(id(each), each),
        call.arguments,
    )
    alone = keras.Model(
        {each.name: each for each in inputs.values()},
        call.layer(*args, **kwargs),
    )
    generator = np.random.default_rng(0)
    rows = {
        each.name: generator.normal(size=(4, *each.shape[1:])).astype(each.dtype)
        for each in inputs.values()
    }
    tflite_bytes(lower(alone), rows, form="int8")
