"""What a trained net computes of pictures before its last layer."""

import numpy as np

from ..rows.columns import Values, read_rows
from ..training.blocks import last_features

FEATURE_BATCH = 32


def feature_function(model):
    """Returns a tf.function of a model with a `member0_logits`: pixels float32 [rows, height,
    width, channels] → what that layer takes before dropout, float32 [rows, width].
    """
    import keras
    import tensorflow as tf

    backbone = keras.Model(model.inputs, last_features(model))
    shape = (None, *model.inputs[0].shape[1:])
    return tf.function(
        lambda pixels: backbone([pixels], training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32)],
    )


def compute_features(call, column: Values, *, mirrored: bool = False) -> np.ndarray:
    """Returns what a `feature_function` gives for pictures, float32 [rows, width].

    Args:
        call: the function.
        column: pictures uint8 [rows, height, width, channels].
        mirrored: whether the features are of their mirror images.
    """
    import tensorflow as tf
    from tqdm import tqdm

    parts = []
    for first in tqdm(range(0, len(column), FEATURE_BATCH), desc="features", unit="batch"):
        places = slice(first, first + FEATURE_BATCH)
        pixels = read_rows(column, places)
        if mirrored:
            pixels = pixels[:, :, ::-1]
        features = call(tf.constant(pixels, tf.float32))
        parts.append(features.numpy())
    return np.concatenate(parts)
