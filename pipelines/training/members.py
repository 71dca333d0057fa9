"""An ensemble in one model: members for the loss, their average for the metric and the device."""

import numpy as np

from ..errors import RecipeError


def with_average(members):
    """The model to fit: each member's logits for the loss, their average for the metric. Raises
    RecipeError for members that cannot be averaged afterwards.
    """
    import keras

    if not _windows(members) and not _heads(members):
        raise RecipeError(
            f"the network {members.name!r} without a layer of logits",
            expected="a dense layer a member whose name ends in _logits",
            fix='name its last dense layer: name="member0_logits"',
        )
    stacked = members.output
    average = keras.layers.GlobalAveragePooling1D(name="logits")(stacked)
    return keras.Model(
        members.input,
        {"members": keras.layers.Identity(name="members")(stacked), "logits": average},
    )


def average_members(members):
    """One model of the averaged logits [rows, outputs]: the heads become one dense layer over all
    members' features, which is the same average with one rounding in int8 instead of one a member.
    Members without a head, which give windows back, are averaged as they are.
    """
    import keras

    windows = [layer.output for layer in _windows(members)]
    if windows:
        return keras.Model(
            members.input,
            keras.layers.Average(name="window")(windows) if len(windows) > 1 else windows[0],
            name="model",
        )
    heads = _heads(members)
    features = [head.input for head in heads]
    if len(heads) > 1:
        together = keras.layers.Concatenate(name="features")(features)
    else:
        together = features[0]
    head = keras.layers.Dense(heads[0].units, name="logits")
    model = keras.Model(members.input, head(together), name="model")
    kernels, biases = zip(*(each.get_weights() for each in heads), strict=True)
    head.set_weights([np.concatenate(kernels) / len(heads), np.mean(biases, axis=0)])
    return model


def _heads(members):
    """The dense layers that give each member's logits."""
    return [layer for layer in members.layers if layer.name.endswith("_logits")]


def _windows(members):
    """The layers that give each member's window back."""
    return [layer for layer in members.layers if layer.name.endswith("_window")]
