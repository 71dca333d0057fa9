"""Rows whose tokens fill their window, for the int8 ranges of unrolled recurrent layers."""

import numpy as np

MAX_ROWS = 64


def with_full_windows(model, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Adds rows whose ids are repeated until they fill the window.

    Unrolled, each step of a layer has a range of its own. Where no text is as long as the window,
    its first steps saw padding alone: their range is that of zeros, a scale of 8e-9, which ends
    XNNPACK's process, and the first longer text would be cut off at it.

    Args:
        model: The Keras model.
        rows: Input → array [rows, ...], which int8 takes its ranges from.

    Returns:
        The rows, and up to 64 of them with full windows; `rows` itself of a model without layers
        that are unrolled, or if all places of the window are used.
    """
    windows = [name for name, x in rows.items() if _has_unused_places(x)]
    if not windows or not _has_unrolled_layers(model):
        return rows
    first = {name: x[:MAX_ROWS] for name, x in rows.items()}
    for name in windows:
        first[name] = np.stack([_filled(row) for row in first[name]])
    return {name: np.concatenate([x, first[name]]) for name, x in rows.items()}


def _has_unrolled_layers(model):
    """Tests whether a model has recurrent layers that TFLite has no operator for."""
    import keras

    kinds = (keras.layers.GRU, keras.layers.SimpleRNN)
    return any(isinstance(layer, kinds) for layer in model.layers)


def _has_unused_places(x):
    """Tests whether a column of ids [rows, tokens] has a place that is 0 in all rows."""
    if x.dtype != np.int32 or x.ndim != 2:
        return False
    is_used = x.any(axis=0)
    return bool(is_used.any() and not is_used.all())


def _filled(ids):
    """Returns the ids of one row, int32 [tokens], repeated instead of padding."""
    tokens = ids[ids != 0]
    if not len(tokens):
        return ids
    return np.resize(tokens, ids.shape)
