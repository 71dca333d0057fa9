"""What a Keras model holds besides its layers: values of variables, and which layers learn."""

import json
from typing import Any

import numpy as np

from ..engine.cache import is_caching
from ..engine.digest import digest
from .keras_file import with_plain_ids


def state_of(model) -> dict[str, list]:
    """Returns the values of all variables, and of each layer whether it learns.

    Returns:
        "variables": arrays, with the seeds of dropout; "learns": a bool a layer.
    """
    variables = [np.asarray(variable) for variable in model.variables]
    return {"variables": variables, "learns": [layer.trainable for layer in _layers(model)]}


def put_state(model, state: dict[str, Any]) -> None:
    """Sets variables and layers of a model of the same layers as `state_of` found them."""
    for layer, learns in zip(_layers(model), state["learns"], strict=True):
        layer.trainable = learns
    for variable, value in zip(model.variables, state["variables"], strict=True):
        variable.assign(value)


def model_digest(model) -> str:
    """Returns the sha256 of a model's layers and of what they hold, "" outside of `caching`."""
    if not is_caching():
        return ""
    return digest(with_plain_ids(json.loads(model.to_json())), state_of(model))


def _layers(model):
    """Returns the layers of a model, and of the models in it, outer ones first."""
    import keras

    found = []
    for layer in model.layers:
        found.append(layer)
        if isinstance(layer, keras.Model):
            found += _layers(layer)
    return found
