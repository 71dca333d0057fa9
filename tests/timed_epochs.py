"""One training with a clock: what the benches of backends and of precisions measure."""

import time
from dataclasses import dataclass, replace

import keras
import numpy as np

from pipelines import catalog
from pipelines.run import frame, prepare, read, settle, split
from pipelines.training import fit
from pipelines.training.schedules import Constant


@dataclass(frozen=True)
class Epochs:
    """The seconds of each epoch of a training, the score of the last one, and its weights.

    Attributes:
        wall: Seconds of the wall, one an epoch.
        processor: Seconds of the processor, one an epoch.
        score: Of validation rows.
        weights: As bytes.
    """

    wall: list[float]
    processor: list[float]
    score: float
    weights: bytes


class Clock(keras.callbacks.Callback):
    """Looks at both clocks at the start and the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.looks = []

    def on_epoch_begin(self, epoch, logs=None):
        self.looks.append((time.perf_counter(), time.process_time()))

    def on_epoch_end(self, epoch, logs=None):
        self.looks.append((time.perf_counter(), time.process_time()))

    def seconds(self, place):
        """Returns the seconds of each epoch: 0 of the wall, 1 of the processor."""
        looks = np.array(self.looks)[:, place]
        return list(looks[1::2] - looks[::2])


def prepared(name):
    """Returns a recipe of the catalogue without a teacher, and its rows ready to train on."""
    recipe = replace(catalog.RECIPES[name], teacher=None)
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    return recipe, prepare(recipe, splits.train, splits.valid)


def train_once(recipe, inputs, epochs, **knobs):
    """Returns the epochs of one training that runs them all at one rate.

    Args:
        recipe: Of `prepared`.
        inputs: Of `prepared`.
        epochs: How many.
        knobs: Others of the training.
    """
    clock = Clock()
    training = replace(
        recipe.training,
        epochs=epochs,
        schedule=Constant(patience=0),
        average=None,
        **knobs,
    )
    result = fit.train(
        recipe.build,
        inputs.feed,
        inputs.valid,
        signature=inputs.signature,
        training=training,
        deciding=recipe.judge.deciding,
        callbacks=[clock],
    )
    weights = b"".join(each.tobytes() for each in result.model.get_weights())
    return Epochs(clock.seconds(0), clock.seconds(1), result.validation_score, weights)
