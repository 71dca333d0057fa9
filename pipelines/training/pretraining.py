"""Self-supervision: the layers of a net learn from rows without their labels, before `training`
learns from the rows that have one.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..device.signature import Signature
from ..engine.bars import epochs_bar
from ..errors import TrainError
from ..rows.columns import joined
from ..rows.parts import HeldOut, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import knob
from .blocks import copy_weights
from .feed import TrainFeed, TrainingBatches, global_batch
from .loop import fit_epochs
from .schedules import Cosine


@dataclass(frozen=True, eq=False)
class PretextTask:
    """What a net learns without labels.

    Attributes:
        learner: An uncompiled keras.Model on layers of the net; its other layers are not kept.
        loss: Of Keras, between what `alter` makes and what the learner answers.
        alter: The batch's number int64 and the batch (columns, {}, weight) → (columns, truth,
            weight), tensors.
    """

    learner: Any
    loss: Any
    alter: Callable


@dataclass(frozen=True)
class Pretraining(Network):
    """A net whose layers learn from all rows without their labels, then by `training` from the rows
    that have one.

    Attributes:
        net: The net.
        epochs: Of pretraining.
        learning_rate: Of pretraining, falling to zero at its end.
    """

    needs_unlabelled: ClassVar[bool] = True
    warms_up: ClassVar[bool] = True

    net: Any
    epochs: int = knob(10, 1, 100_000)
    learning_rate: float = knob(1e-3, 1e-9, 10)

    @abstractmethod
    def pretext(self, model, rows: TrainSet, *, signature: Signature, seed: int) -> PretextTask:
        """Returns what the layers of a model learn from rows.

        Args:
            model: As `noiseless` builds it.
            rows: Port → array [rows, ...]; their labels are without a meaning.
            signature: What the model takes and gives.
            seed: Of every draw.
        """

    def noiseless(self) -> Network:
        """Returns the net without the noise that the pretext task is instead of."""
        return self.net

    def batch_rows(self, training) -> int:
        """Returns the rows of a batch of pretraining."""
        return training.batch_size

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot be pretrained on the columns, or ""."""
        return self.net.suits(sketch)

    def has_known_operators(self) -> bool:
        """Returns whether tests run such nets on every runtime of int8."""
        return self.net.has_known_operators()

    def tiny(self) -> Self:
        """Returns the same kind of net, small enough for a test."""
        return replace(self, net=self.net.tiny(), epochs=1)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Returns what `net.build` returns."""
        return self.net.build(signature, seed=seed, synchronized=synchronized)

    def warm_up(
        self,
        model,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training,
        deciding: str,
    ) -> None:
        """Trains layers of the model, before it is compiled. Held-out rows are not read.

        Args:
            model: As `build` gives it.
            train_set: Port → array [rows, ...]; with the unlabelled rows as ports.
            valid: Without an effect.
            signature: What the model takes and gives.
            training: Its batch size, optimizer and seed.
            deciding: Without an effect.

        Raises:
            TrainError: The loss stops being a number.
        """
        import keras
        import tensorflow as tf

        seed = training.seed
        rows = _all_rows(train_set, signature)
        num_replicas = tf.distribute.get_strategy().num_replicas_in_sync
        batch_size = global_batch(self.batch_rows(training), len(rows), num_replicas)
        drawn = TrainingBatches(TrainFeed(rows), {}, signature, batch_size, seed)
        still = self.noiseless().build(signature, seed=seed, synchronized=num_replicas > 1)
        copy_weights(model, still)
        task = self.pretext(still, rows, signature=signature, seed=seed)

        def batches(first_step):
            numbers = tf.data.Dataset.counter(first_step)
            numbered = tf.data.Dataset.zip(numbers, drawn(first_step))
            altered = numbered.map(task.alter, num_parallel_calls=1)
            return altered.prefetch(2)

        self._fit(task, batches, drawn.steps, training)
        copy_weights(still, model)
        keras.utils.set_random_seed(seed)  # as if nothing had been fitted before

    def _fit(self, task, batches, steps, training):
        import keras

        rate = Cosine(warmup_epochs=0).rate(self.learning_rate, epochs=self.epochs, steps=steps)
        learner = task.learner
        learner.compile(
            optimizer=training.optimizer_at(rate),
            loss=task.loss,
            jit_compile=False,
        )
        learner.optimizer.build(learner.trainable_variables)
        history = fit_epochs(
            learner,
            batches,
            None,
            steps=steps,
            epochs=self.epochs,
            callbacks=[keras.callbacks.TerminateOnNaN()],
            make_bar=lambda: epochs_bar(self.epochs, desc="pretrain"),
        )
        losses = history["loss"]
        if not np.all(np.isfinite(losses)):
            raise TrainError(
                f"the loss of pretraining became {losses[-1]} in epoch {len(losses)}",
                expected="a finite loss",
                fix="lower build.learning_rate",
            )


def _all_rows(train_set, signature):
    """The ports of all rows that may be learned from, as a TrainSet whose labels say nothing."""
    columns = {port.name: train_set.x[port.name] for port in signature.inputs}
    if train_set.unlabelled is not None:
        more = train_set.unlabelled.x
        columns = {name: joined(x, more[name]) for name, x in columns.items()}
    num_rows = len(next(iter(columns.values())))
    return TrainSet(
        x=columns,
        y=np.zeros(num_rows, np.int64),
        ids=np.arange(num_rows),
        schema=train_set.schema,
    )
