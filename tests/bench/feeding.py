"""Our feed of batches, in an order that a seed and an epoch fix, against tf.data's own shuffle, and
augmentation against the layers of Keras; without a net.
"""

from collections.abc import Callable

import numpy as np

from pipelines.rows.parts import TrainSet
from pipelines.sources.tensorflow import load_tensorflow
from pipelines.tabular import BIRDS
from pipelines.training.feed import TrainFeed, training_feed
from pipelines.vision import FASHION, AugmentCrop, AugmentFlip

from .pairs import Pair, pairs_of, timed
from .rows import ports_of

BATCH = 128
EPOCHS = 3


def ours(rows: TrainSet, signature, augment: tuple = ()) -> Callable[[], None]:
    """Returns a function that takes the batches of some epochs."""
    labels = {"y": rows.y[:, None].astype(np.float32)}

    def run():
        feed, steps = training_feed(
            TrainFeed(rows, augment=augment),
            labels,
            signature=signature,
            batch_size=BATCH,
            seed=0,
        )
        for _ in feed.take(EPOCHS * steps):
            pass

    return run


def plain(rows: TrainSet, layers: tuple = ()) -> Callable[[], None]:
    """Returns a function that does the same as a tutorial does it."""
    import keras
    import tensorflow as tf

    y = rows.y[:, None].astype(np.float32)
    alter = keras.Sequential(layers) if layers else None
    steps = len(rows) // BATCH

    def altered(x, y, weight):
        (name,) = x
        pixels = tf.cast(x[name], tf.float32)
        return {name: alter(pixels, training=True)}, y, weight

    def run():
        feed = tf.data.Dataset.from_tensor_slices((rows.x, {"y": y}, rows.weight))
        feed = feed.shuffle(len(rows), seed=0).repeat().batch(BATCH, drop_remainder=True)
        if alter is not None:
            feed = feed.map(altered)
        for _ in feed.prefetch(2).take(EPOCHS * steps):
            pass

    return run


def bench() -> list[Pair]:
    """Returns the pairs of tables and pictures."""
    load_tensorflow()
    import keras

    signature, birds, _ = ports_of(BIRDS)
    pictures_signature, pictures, _ = ports_of(FASHION)
    augment = (AugmentFlip(), AugmentCrop(pixels=3))
    layers = (keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.1, 0.1))
    kinds = (
        ("birds_mlp", ours(birds, signature), plain(birds), "tf.data's shuffle"),
        ("clothes", ours(pictures, pictures_signature), plain(pictures), "tf.data's shuffle"),
        (
            "clothes, flipped and moved",
            ours(pictures, pictures_signature, augment),
            plain(pictures, layers),
            "Keras layers",
        ),
    )
    pairs = []
    for name, mine, other, other_name in kinds:
        ways = {"ours": timed(mine), other_name: timed(other)}
        pairs += pairs_of(f"{EPOCHS} epochs of batches, {name}", ways)
    return pairs
