"""Rows of bundled data as nets take them, and short trainings on them."""

from dataclasses import dataclass, replace

import numpy as np

from ...device.ports import Port
from ...device.signature import Signature
from ...device.target import Target
from ...recipe import Recipe, with_deciding
from ...rows.parts import HeldOut, Splits, TrainSet
from ...rows.split import split
from ...run import frame
from ...slots import Augmentation, Network
from ...sources.tensorflow import load_tensorflow
from ...steps import to_ports
from ...tasks.metrics import score_classes
from ...training.feed import TrainFeed
from ...training.fit import FitResult, train
from ...training.inputs import TrainingInputs, fit_inputs
from ...training.schedules import Constant
from ...training.training import Training
from ...verify.keras_interpreter import KerasInterpreter

# As many epochs as asked for, and the last weights: what is studied is training itself.
TO_THE_END = Constant(patience=0)


@dataclass(frozen=True, eq=False)
class NetRows:
    """Rows as a net takes them: columns are its inputs.

    Attributes:
        signature: what a net takes and gives.
        train: to learn from.
        valid: to follow and stop by.
        test: to judge on.
        deciding: the metric to follow.
        training: how nets are trained on them.
        inputs: the same before a net, which can be balanced.
        raw: the rows of all parts before the recipe's steps, in the same order.
    """

    signature: Signature
    train: TrainSet
    valid: HeldOut
    test: HeldOut
    deciding: str
    training: Training
    inputs: TrainingInputs
    raw: Splits

    def build(self, network: Network, *, seed: int):
        """Returns an untrained keras.Model: inputs by port → [rows, members, outputs]."""
        load_tensorflow()
        return network.build(self.signature, seed=seed)

    def few(self, num_rows: int, *, seed: int = 0) -> "NetRows":
        """Returns the same with some of the training rows, drawn by a seed."""
        order = np.random.default_rng(seed).permutation(len(self.train))
        return replace(self, train=self.train.take(order[:num_rows]))

    def fit(
        self,
        network: Network,
        *,
        seed: int,
        num_steps: int = 0,
        augment: tuple[Augmentation, ...] = (),
        **knobs,
    ) -> FitResult:
        """Trains a net to the last epoch.

        Args:
            network: a spec.
            seed: of weights and batches.
            num_steps: in place of epochs; rows are repeated, and validation rows are asked once.
            augment: what alters each batch.
            knobs: of `Training` that are turned.
        """
        training = replace(
            self.training,
            seed=seed,
            **knobs,
        )
        rows = self.train
        if num_steps:
            training = replace(training, epochs=1)
            rows = rows.take(np.arange(num_steps * training.batch_size) % len(rows))
        feed = TrainFeed(rows, augment=augment)
        return train(
            network,
            feed,
            self.valid,
            signature=self.signature,
            training=training,
            deciding=self.deciding,
        )

    def scores(self, model, rows: HeldOut | TrainSet | None = None) -> dict[str, float]:
        """Returns every metric of classes of a trained model, on the test rows or others."""
        judged = rows or self.test
        given = probabilities(model, judged)
        return score_classes(
            judged.y,
            given.argmax(axis=1),
            given,
        )


def numbers_of(rows: HeldOut | TrainSet) -> np.ndarray:
    """Returns the columns of plain numbers in one table, float64 [rows, numbers]."""
    return np.concatenate([column.astype(np.float64) for column in rows.x.values()], axis=1)


def probabilities(model, rows: HeldOut | TrainSet) -> np.ndarray:
    """Returns float64 [rows, classes] of a trained model of classes."""
    return softmax(logits(model, rows))


def logits(model, rows: HeldOut | TrainSet) -> np.ndarray:
    """Returns float64 [rows, classes]; of one output the logits of no and yes."""
    given = KerasInterpreter(model).run(rows.x).astype(np.float64)
    if given.shape[1] > 1:
        return given
    return np.concatenate([np.zeros_like(given), given], axis=1)


def softmax(values: np.ndarray) -> np.ndarray:
    """Returns exp(z) / sum exp(z) over the last axis, the largest value subtracted first."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def net_rows(recipe: Recipe, *, seed: int | None = None) -> NetRows:
    """Returns the rows of a recipe after its steps, which are fitted on its training rows.

    Args:
        recipe: with bundled data; its balancer, teacher and augmentation are not used.
        seed: of another split than the recipe's own.
    """
    splits = raw_splits(recipe, seed=seed)
    recipe = with_deciding(recipe, splits.train.schema)
    inputs = fit_inputs(
        recipe,
        splits.train,
        splits.valid,
    )
    return NetRows(
        signature=inputs.signature,
        train=inputs.calibration,
        valid=inputs.valid,
        test=to_ports(inputs.signature, splits.test),
        deciding=recipe.judge.deciding,
        training=replace(
            recipe.training,
            schedule=TO_THE_END,
            refit=False,
        ),
        inputs=inputs,
        raw=splits,
    )


def raw_splits(recipe: Recipe, *, seed: int | None = None) -> Splits:
    """Returns the rows of a recipe before its steps, in the order of `net_rows`.

    Args:
        recipe: with bundled data.
        seed: of another split than the recipe's own.
    """
    dataset, _ = recipe.load.read()
    how = recipe.split
    if seed is not None:
        how = replace(how, seed=seed)
    return frame(recipe, split(dataset, how))


def plain_signature(num_inputs: int, target: Target, *, num_outputs: int = 1) -> Signature:
    """Returns the signature of a net of plain numbers, for rows that are made up.

    Args:
        num_inputs: numbers of a row.
        target: what is predicted.
        num_outputs: of the net.
    """
    taken = Port(
        "numbers",
        (num_inputs,),
        "float32",
        "as given",
    )
    given = Port(
        "outputs",
        (num_outputs,),
        "float32",
        "as given",
    )
    return Signature(
        columns=(),
        target=target,
        primitives=(),
        inputs=(taken,),
        output=given,
    )
