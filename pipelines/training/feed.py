"""Rows to batches. Only a TrainSet is shuffled and altered; held-out rows pass plain.

Every batch has the same shape, because a batch that does not divide among replicas biases gradients
(and an empty replica turns batch normalization into NaN): training runs on over the ends of epochs,
held-out rows are padded with rows of weight zero. Shuffling indices and gathering is the fastest
feed that was measured for arrays in memory; pictures that stay on disk are read by the batch, in
threads.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ..device.signature import Signature
from ..errors import TrainError
from ..rows.columns import is_stored
from ..rows.parts import HeldOut, TrainSet, require_train_set
from .data_service import ServicedBatches, check_rows
from .service import DataService
from .streamed_feed import FeedFault, StreamedBatches

MAX_CACHED_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False)
class TrainFeed:
    """Holds what training batches are drawn from.

    Attributes:
        rows: rows whose columns are ports.
        soft_labels: float32 [rows, outputs], to learn instead of the rows' own labels.
        allowed: float32 [rows, values], what stands next to the truth in the loss (`Loss.allowed`);
            None for nothing.
        augment: specs that alter each batch's pictures anew (see `vision.augment`).
    """

    rows: TrainSet
    soft_labels: np.ndarray | None = None
    augment: tuple = ()
    allowed: np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.rows, TrainSet):
            require_train_set(self.rows, "the training feed")


def training_feed(
    feed: TrainFeed,
    labels: dict[str, np.ndarray],
    *,
    signature: Signature | None,
    batch_size: int,
    seed: int,
    first_step: int = 0,
):
    """Builds the endless feed of training, each epoch in a new order and altered anew.

    Args:
        feed: what the batches are drawn from.
        labels: name → float32 [rows, outputs].
        signature: of the model.
        batch_size: rows of a batch.
        seed: of the order and of the augmentation.
        first_step: how many batches were taken before. The rest is what it would have been, because
            every order and every alteration is drawn from the seed and its own number.

    Returns:
        (tf.data.Dataset of (x, y, weight), the steps that make one epoch). x, y: dict of arrays
        [batch_size, ...]; weight: float32 [batch_size].
    """
    import tensorflow as tf

    rows = feed.rows
    gather = _gather(rows.x, labels, rows.weight)
    places = tf.range(len(rows), dtype=tf.int64)

    def one_epoch(epoch):
        # Stateless, unlike Dataset.shuffle, whose order is another one once a strategy has
        # distributed the dataset.
        epoch_seed = tf.stack([tf.cast(seed, tf.int64), epoch])
        shuffled = tf.random.experimental.stateless_shuffle(places, seed=epoch_seed)
        return tf.data.Dataset.from_tensor_slices(shuffled)

    first_epoch, num_taken = divmod(first_step * batch_size, len(rows))
    order = tf.data.Dataset.counter(first_epoch).flat_map(one_epoch).skip(num_taken)
    order = order.batch(batch_size, drop_remainder=True)
    # More threads than one only where there is more to do than to copy: they take turns with
    # training's own.
    num_threads = 1
    if any(map(is_stored, rows.x.values())):
        num_threads = tf.data.AUTOTUNE
    batches = order.map(gather, num_parallel_calls=num_threads)
    if feed.augment:
        alter = feed.augment[0].compose(feed.augment, signature)
        batches = _altered(batches, alter, seed, first_step)
    return batches.prefetch(2), num_steps(feed, batch_size)


@dataclass(frozen=True, eq=False)
class TrainingBatches:
    """The batches of one training, from any step on.

    Attributes:
        feed: What they are drawn from.
        labels: Name → float32 [rows, outputs].
        signature: What the model takes and gives; None without augmentation.
        batch_size: Rows of one.
        seed: Of their order and of what is altered.
        fault: Of the thread that reads streamed rows, or what workers make.
        service: The tf.data service whose workers make the batches; None for this process.
    """

    feed: TrainFeed
    labels: dict[str, np.ndarray]
    signature: Signature | None
    batch_size: int
    seed: int
    fault: FeedFault = field(default_factory=FeedFault)
    service: DataService | None = None

    @property
    def steps(self) -> int:
        """How many batches make one epoch."""
        return num_steps(self.feed, self.batch_size)

    def __call__(self, first_step: int = 0):
        """Returns `training_feed` from a step on, of streamed rows as they are read."""
        rows = self.feed.rows
        if rows.whole is not None and self.signature is not None:
            streamed = StreamedBatches(
                rows, rows.whole, self.signature, self.batch_size, self.seed, self.fault
            )
            return streamed.dataset(first_step)
        if self.service is not None:
            check_rows(rows.x, are_stored=any(map(is_stored, rows.x.values())))
            make = _batch_maker(self)
            return ServicedBatches(make, self.service, self.fault).dataset(first_step)
        batches, _ = training_feed(
            self.feed,
            self.labels,
            signature=self.signature,
            batch_size=self.batch_size,
            seed=self.seed,
            first_step=first_step,
        )
        return batches


def _batch_maker(batches: TrainingBatches):
    """Returns a function: the number of a batch, int64 → the batch that `training_feed` gives as
    that one.
    """
    import tensorflow as tf

    feed = batches.feed
    size = batches.batch_size
    num_rows = len(feed.rows)
    gather = _gather(feed.rows.x, batches.labels, feed.rows.weight)
    alter = None
    if feed.augment:
        alter = feed.augment[0].compose(feed.augment, batches.signature)

    def shuffled(epoch, positions):
        epoch_seed = tf.stack([tf.cast(batches.seed, tf.int64), epoch])
        places = tf.range(num_rows, dtype=tf.int64)
        order = tf.random.experimental.stateless_shuffle(places, seed=epoch_seed)
        return tf.gather(order, positions % num_rows)

    def make(number):
        positions = number * size + tf.range(size, dtype=tf.int64)
        epochs = positions // num_rows
        places = shuffled(epochs[0], positions)
        if num_rows % size:  # a batch may run on over the end of an epoch
            of_next = shuffled(epochs[0] + 1, positions)
            places = tf.where(epochs == epochs[0], places, of_next)
        batch = gather(places)
        if alter is None:
            return batch
        columns, labels, weight = batch
        batch_seed = tf.stack([tf.cast(batches.seed, tf.int64), number])
        return (*alter(columns, labels, batch_seed), weight)

    return make


def num_steps(feed: TrainFeed, batch_size: int) -> int:
    """Returns how many batches make one epoch."""
    return max(feed.rows.num_rows // batch_size, 1)


def _altered(batches, alter, seed, first_step):
    """Every batch altered by a seed of its own number, so that threads do not change what comes."""
    import tensorflow as tf

    def one_batch(number, batch):
        columns, labels, weight = batch
        batch_seed = tf.stack([tf.cast(seed, tf.int64), number])
        altered = alter(columns, labels, batch_seed)
        return (*altered, weight)

    numbered = tf.data.Dataset.zip(tf.data.Dataset.counter(first_step), batches)
    return numbered.map(one_batch, num_parallel_calls=tf.data.AUTOTUNE)


def fold_seed(seed, number):
    """Returns the seed int [2] of the draw with this number, of a batch's own seed int [2]."""
    import tensorflow as tf

    return tf.random.experimental.stateless_fold_in(seed, number)


def plain_feed(
    rows: HeldOut | TrainSet,
    labels: dict[str, np.ndarray],
    *,
    batch_size: int,
    weight: float = 1.0,
):
    """Builds a tf.data.Dataset of (x, y, weight) in the order of the rows.

    The last batch is filled up with rows of weight zero.

    Args:
        rows: what is fed.
        labels: name → float32 [rows, outputs].
        batch_size: rows of a batch.
        weight: of every row.
    """
    import tensorflow as tf

    num_rows = len(rows)
    num_batches = math.ceil(num_rows / batch_size)
    places = np.zeros(num_batches * batch_size, np.int64)
    places[:num_rows] = np.arange(num_rows)
    is_row = np.arange(len(places)) < num_rows
    weights = weight * is_row.astype(np.float32)
    gather = _gather(rows.x, labels, None)

    def with_weight(place, kept):
        columns, batch_labels = gather(place)
        return columns, batch_labels, kept

    feed = tf.data.Dataset.from_tensor_slices((places, weights))
    feed = feed.batch(batch_size, drop_remainder=True)
    feed = feed.map(with_weight, num_parallel_calls=1)
    size_bytes = 0
    for x in rows.x.values():
        size_bytes += np.prod(x.shape) * x.dtype.itemsize
    if size_bytes <= MAX_CACHED_BYTES:
        return feed.cache()
    return feed.prefetch(1)


def require_held_out(valid: HeldOut, purpose: str = "to stop by") -> None:
    """Raises TrainError for other rows than held-out ones."""
    if not isinstance(valid, HeldOut):
        raise TrainError(
            f"a {type(valid).__name__} where rows {purpose} go",
            expected="a HeldOut",
            fix="pass splits.train and splits.valid",
        )


def global_batch(batch_size: int, num_rows: int, num_replicas: int) -> int:
    """Returns the rows of a batch: as asked for, no more than there are, alike for each replica."""
    wanted = min(batch_size, num_rows)
    for_each = max(wanted // num_replicas, 1)
    return for_each * num_replicas


def validation_feed(valid: HeldOut, labels: dict[str, np.ndarray], num_replicas: int):
    """Returns `plain_feed` in batches whose feature maps take some tens of megabytes.

    Args:
        valid: Rows whose columns are ports.
        labels: Name → float32 [rows, outputs].
        num_replicas: Of the strategy; each gets as many rows.
    """
    values = max(int(np.prod(x.shape[1:])) for x in valid.x.values())
    most = int(np.clip(2**20 // values, 16, 1024))
    num_rows = min(len(valid), most)
    for_each = math.ceil(num_rows / num_replicas)
    batch_size = for_each * num_replicas
    # A loss is the mean over filled batches too: more rows of weight zero would make it smaller
    # than on one device.
    weight = _num_filled(valid, batch_size) / _num_filled(valid, num_rows)
    return plain_feed(valid, labels, batch_size=batch_size, weight=weight)


def _num_filled(rows, batch_size):
    return math.ceil(len(rows) / batch_size) * batch_size


def _gather(x, labels, weight):
    import tensorflow as tf

    labels = tf.nest.map_structure(tf.constant, labels)
    columns = {name: _batch_reader(column) for name, column in x.items()}
    if weight is not None:
        weight = tf.constant(weight)

    def gather(places):
        batch = {name: read(places) for name, read in columns.items()}
        batch_labels = tf.nest.map_structure(
            lambda array: tf.gather(array, places),
            labels,
        )
        if weight is None:
            return batch, batch_labels
        return batch, batch_labels, tf.gather(weight, places)

    return gather


def _batch_reader(column):
    """Returns a function: places int64 [n] → the column's values there, as a tensor."""
    import tensorflow as tf

    if not is_stored(column):
        array = tf.constant(column)
        return lambda places: tf.gather(array, places)

    def read(places):
        pixels = tf.numpy_function(column.read, [places], tf.uint8, stateful=False)
        return tf.ensure_shape(pixels, (places.shape[0], *column.shape[1:]))

    return read
