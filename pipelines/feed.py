"""Rows to batches. Only a TrainSet is shuffled, and altered where a modality augments; held-out rows pass plain.

Every batch has the same shape, because a batch that does not divide among replicas biases gradients (and an empty
replica turns batch normalization into NaN): training runs on over the ends of epochs, held-out rows are padded with
rows of weight zero. Shuffling indices and gathering is the fastest feed that was measured for arrays in memory.
"""

import numpy as np

from .rows import HeldOut, TrainSet, require_train_set


def training_feed(train: TrainSet, labels: dict[str, np.ndarray], *, batch_size: int, seed: int):
    """An endless tf.data.Dataset of (x, y, weight), each epoch in a new order; and the steps that make one epoch.

    x, y: dict of arrays [batch_size, ...]; weight: float32 [batch_size].
    """
    import tensorflow as tf
    if not isinstance(train, TrainSet):
        require_train_set(train, "training_feed")
    gather = _gather(train.x, labels, train.weight)
    places = tf.range(len(train), dtype=tf.int64)

    def one_epoch(epoch):
        # Stateless, unlike Dataset.shuffle, whose order is another one once a strategy has distributed the dataset.
        return tf.data.Dataset.from_tensor_slices(
            tf.random.experimental.stateless_shuffle(places, seed=tf.stack([tf.cast(seed, tf.int64), epoch])))
    order = tf.data.Dataset.counter().flat_map(one_epoch)
    feed = order.batch(batch_size, drop_remainder=True).map(gather, num_parallel_calls=1).prefetch(2)
    return feed, max(len(train) // batch_size, 1)


def plain_feed(rows: HeldOut | TrainSet, labels: dict[str, np.ndarray], *, batch_size: int):
    """A tf.data.Dataset of (x, y, weight) in the order of the rows, the last batch filled up with weight zero."""
    import tensorflow as tf
    places = np.zeros(-(-len(rows) // batch_size) * batch_size, np.int64)
    places[:len(rows)] = np.arange(len(rows))
    weight = (np.arange(len(places)) < len(rows)).astype(np.float32)
    gather = _gather(rows.x, labels, None)
    feed = tf.data.Dataset.from_tensor_slices((places, weight)).batch(batch_size, drop_remainder=True)
    return feed.map(lambda place, kept: (*gather(place), kept), num_parallel_calls=1).cache()


def _gather(x, labels, weight):
    import tensorflow as tf
    x, labels = tf.nest.map_structure(tf.constant, (x, labels))
    weight = None if weight is None else tf.constant(weight)

    def gather(places):
        parts = tf.nest.map_structure(lambda array: tf.gather(array, places), (x, labels))
        return parts if weight is None else (*parts, tf.gather(weight, places))
    return gather
