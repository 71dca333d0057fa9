"""Training: `fit` against a bare Keras loop, and what watching and augmentation cost.

CPU seconds of one epoch: what comes once, such as tracing a graph, is taken away.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from pipelines import vision
from pipelines.device.signature import Signature
from pipelines.recipe import Recipe
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.sources.tensorflow import load_tensorflow
from pipelines.tabular import BIRDS
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import task_labels, task_metric, train
from pipelines.training.losses import member_loss
from pipelines.training.members import with_average
from pipelines.training.schedules import Constant

from .pairs import CPU, Measure, Pair, pairs_of
from .rows import ports_of

EPOCHS = 6


class Trainings:
    """One net on one set of rows, trained in several ways."""

    def __init__(
        self, recipe: Recipe, rows: tuple[Signature, TrainSet, HeldOut], deciding: str, epochs: int
    ):
        self.recipe = recipe
        self.signature, self.train, self.valid = rows
        self.deciding = deciding
        self.epochs = epochs

    def bare(self, epochs: int) -> None:
        """Trains in the loop that a user would write: the same net, loss, metric and arrays."""
        import keras

        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model = with_average(self.recipe.build.build(self.signature))
        metric = task_metric(self.deciding, self.signature)[0]
        loss = member_loss(self.recipe.training.loss, self.signature.target)
        model.compile(
            optimizer=keras.optimizers.AdamW(1e-3),
            loss={"members": loss, "logits": None},
            weighted_metrics={"logits": [metric]},
            jit_compile=False,
        )
        labels = task_labels(self.valid.y, self.signature)
        model.fit(
            self.train.x,
            task_labels(self.train.y, self.signature),
            batch_size=self.recipe.training.batch_size,
            epochs=epochs,
            validation_data=(self.valid.x, labels),
            validation_batch_size=1024,
            verbose=0,
        )

    def ours(self, augment: tuple = (), *, watch: bool = False) -> Callable[[int], None]:
        """Returns a function that trains by `fit` for a number of epochs."""

        def fit(epochs):
            schedule = Constant(patience=epochs)
            training = replace(self.recipe.training, epochs=epochs, schedule=schedule)
            train(
                self.recipe.build,
                TrainFeed(self.train, augment=augment),
                self.valid,
                signature=self.signature,
                training=replace(training, watch=watch),
                deciding=self.deciding,
            )

        return fit

    def an_epoch(self, fit: Callable[[int], None]) -> Measure:
        """Returns a function that measures one epoch more."""

        def measure():
            spent = [_cpu_seconds(fit, epochs) for epochs in (1 + self.epochs, 1)]
            return {CPU: (spent[0] - spent[1]) / self.epochs}

        return measure


def _cpu_seconds(fit, epochs):
    start = time.process_time()
    fit(epochs)
    return time.process_time() - start


def bench() -> list[Pair]:
    """Returns the pairs of birds and clothes."""
    load_tensorflow()
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    birds = Trainings(BIRDS, ports_of(BIRDS), "average_precision", EPOCHS)
    recipe = vision.FASHION_100KB
    clothes = Trainings(recipe, ports_of(vision.FASHION), "accuracy", 1)
    measured = (
        (birds, "fit", birds.ours(), "bare Keras", birds.bare),
        (birds, "watched", birds.ours(watch=True), "not watched", birds.ours()),
        (clothes, "fit", clothes.ours(), "bare Keras", clothes.bare),
        (clothes, "augmented", clothes.ours(recipe.augment), "as they are", clothes.ours()),
    )
    pairs = []
    for trainings, name, one, other_name, other in measured:
        ways = {"ours": trainings.an_epoch(one), other_name: trainings.an_epoch(other)}
        pairs += pairs_of(f"an epoch of {trainings.recipe.name}, {name}", ways)
    return pairs
