"""Models of members → one model of all of them, whose heads hold how much each counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...device.signature import Signature

HEAD = "logits"
WINDOW = "window"


def weights_of(model: Any) -> list[list[np.ndarray]]:
    """Returns the weights of each layer of a model that has any, in the order of the layers."""
    return [layer.get_weights() for layer in _weighted(model)]


def put_weights(model: Any, weights: list[list[np.ndarray]]) -> None:
    """Sets the layers of a model as `weights_of` found those of its like."""
    for layer, own in zip(_weighted(model), weights, strict=True):
        layer.set_weights(own)


def side_by_side(models: Sequence[Any], signature: Signature) -> Any:
    """Returns one model of several on the same inputs, uncompiled, with their weights.

    Args:
        models: Each as `average_members` gives it: ports by name → [rows, outputs].
        signature: What they take and give.

    Returns:
        A keras.Model: ports by name → [rows, members, outputs].
    """
    import keras

    inputs = {
        port.name: keras.Input(port.shape, name=port.name, dtype=port.dtype)
        for port in signature.inputs
    }
    stacked = []
    for place, model in enumerate(models):
        answers = _called(
            model,
            inputs,
            place,
        )
        shape = (1, answers.shape[-1])
        stacked.append(keras.layers.Reshape(shape, name=f"net{place}_stacked")(answers))
    together = stacked[0]
    if len(stacked) > 1:
        together = keras.layers.Concatenate(axis=1, name="stacked")(stacked)
    whole = keras.Model(
        inputs,
        together,
        name="ensemble",
    )
    for place, model in enumerate(models):
        put_member(whole, place, weights_of(model), factor=1.0)
    return whole


def put_member(
    whole: Any,
    place: int,
    weights: list[list[np.ndarray]],
    *,
    factor: float,
) -> None:
    """Gives a member of `side_by_side` its weights.

    Args:
        whole: The model of all members.
        place: Of the member.
        weights: As `weights_of` finds them.
        factor: What the member's answers are multiplied by; 1 where it gives windows back.
    """
    begin = f"net{place}_"
    layers = [layer for layer in _weighted(whole) if layer.name.startswith(begin)]
    for layer, own in zip(layers, weights, strict=True):
        if layer.name == begin + HEAD:
            own = [factor * each for each in own]
        layer.set_weights(own)


def _called(
    model,
    inputs,
    place,
):
    """Calls copies of all layers of a model, under names of their own."""
    import keras

    last = model.output._keras_history.operation

    def renamed(layer):
        config = layer.get_config()
        config["name"] = f"net{place}_{layer.name}"
        # A layer of windows inside a member is none of the whole.
        if layer is not last and layer.name.endswith(f"_{WINDOW}"):
            config["name"] += "_part"
        return layer.__class__.from_config(config)

    own = {name: inputs[name] for name in model.input}
    copy = keras.models.clone_model(
        model,
        input_tensors=own,
        clone_function=renamed,
    )
    return copy.output


def _weighted(model):
    return [layer for layer in model.layers if layer.weights]
