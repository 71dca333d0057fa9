"""A linear table of tokens: a net whose weights are solved for, the smallest for texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..device.ports import Port
from ..device.signature import Signature
from ..device.units import PAIR_ID
from ..errors import RecipeError, TrainError
from ..rows.inner_folds import fold_places
from ..rows.parts import HeldOut, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import knob
from ..tasks import task_of
from .linear_tokens import (
    LinearTokens,
    TokenCounts,
    TokenRows,
    WeightingChoice,
    count_ids,
    fit_by_folds,
)
from .networks import refuse_others, token_port
from .table_weights import TABLE_RANGE, num_sums, sum_weights, two_columns

if TYPE_CHECKING:
    from ..training.training import Training

FEWEST_ROWS = 4


@dataclass(frozen=True)
class TokenTable(Network):
    """A weight for each token and output, summed over a text: a linear support vector machine on
    counts that naive-Bayes log-count ratios weigh (NBSVM, Wang and Manning 2012,
    https://aclanthology.org/P12-2018), or inverse document frequencies, or a blend of both; one
    against the rest for several classes, ridge regression for numbers.

    Which blend, what a count is divided by and how strong the fit is are chosen by folds inside the
    training rows, everything refitted in each; nothing is chosen by validation rows. On long texts
    with a rare class it was ahead of convolutions, at a tenth of the bytes. There are no epochs.
    With PairTokens() among the steps each pair of neighbours has a weight too.

    Attributes:
        blends: Tried: 0 weighs tokens by inverse document frequency, 1 by log-count ratios.
        exponents: Tried: counts are divided by the number of tokens to this power.
        strengths: Tried: C of the support vector machine, 1 / alpha of ridge regression.
        smoothing: What is added to each count of the log-count ratios.
        num_folds: How many parts the training rows are cut into to choose.
        decides_by_folds: Whether threshold and calibration are chosen by out-of-fold answers too,
            and validation rows learned from: with 15 % fewer rows it was .003 to .01 behind.
    """

    solves: ClassVar[bool] = True

    blends: tuple[float, ...] = knob((0.0, 0.5, 1.0), 0, 1)
    exponents: tuple[float, ...] = knob((0.0, 0.25, 0.5), 0, 1)
    strengths: tuple[float, ...] = knob((0.03, 0.1, 0.3, 1.0, 3.0), 1e-6, 1e6)
    smoothing: float = knob(1.0, 1e-3, 1e3)
    num_folds: int = knob(5, 2, 20)
    decides_by_folds: bool = False

    def check(self) -> None:
        """Raises RecipeError where nothing would be tried."""
        for name in ("blends", "exponents", "strengths"):
            if not vars(self)[name]:
                usual = type(self).__dataclass_fields__[name].default
                raise RecipeError(
                    f"build.{name}=()",
                    expected="one or more values to try",
                    fix=f"--set 'build.{name}={usual!r}'",
                )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        return refuse_others(self, sketch) or super().suits(sketch)

    def tiny(self) -> TokenTable:
        """The same, with less to try."""
        return replace(
            self,
            blends=self.blends[:2],
            exponents=self.exponents[:1],
            strengths=self.strengths[:2],
            num_folds=2,
        )

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False) -> Any:
        """Signature → keras.Model, uncompiled: token ids int32 [rows, window] → outputs
        [rows, 1, outputs]. Raises RecipeError for a signature without tokens.
        """
        import keras

        layers = keras.layers
        port = token_port(signature)
        window = port.shape[0]
        num_outputs = signature.output.shape[0]
        sums_each = num_sums(window)
        inputs = {
            each.name: keras.Input(each.shape, name=each.name, dtype=each.dtype)
            for each in _id_ports(signature)
        }
        # Drawn, so that the untrained net has the operators and the ranges of the solved one.
        drawn = keras.initializers.RandomUniform(-1.0, 1.0, seed=seed)
        numbers = _looked_up(inputs, signature, drawn)
        num_numbers = 2 * numbers.shape[1]
        by_output = layers.Permute((2, 1), name="by_output")(numbers)
        joined = layers.Reshape((num_outputs, num_numbers), name="tokens_joined")(by_output)
        sums = layers.Dense(sums_each, activation="relu6", name="sums", kernel_initializer=drawn)(
            joined
        )
        is_token = layers.Embedding(
            port.num_ids, 1, trainable=False, name="mask", embeddings_initializer=drawn
        )
        mask = layers.Reshape((window,), name="mask_places")(is_token(inputs[port.name]))
        gates = layers.Dense(sums_each, use_bias=False, name="gates", kernel_initializer=drawn)(
            mask
        )
        gates = layers.Reshape((1, sums_each), name="gates_of_outputs")(gates)
        gated = layers.Multiply(name="gated")([sums, gates])
        features = layers.Reshape((num_outputs * sums_each,), name="features")(gated)
        head = layers.Dense(num_outputs, name="member0_logits", kernel_initializer=drawn)
        outputs = layers.Reshape((1, num_outputs), name="member0_stacked")(head(features))
        return keras.Model(inputs, outputs, name="tokentable")

    def solve(
        self,
        model: Any,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training: Training,
        deciding: str,
    ) -> np.ndarray | None:
        """Fits the linear function on training rows alone, and writes it into the layers.

        Returns:
            The out-of-fold outputs, float32 [rows, outputs]; None without `decides_by_folds`.

        Raises:
            TrainError: There are fewer than four rows, or a class has no row.
        """
        ports = _id_ports(signature)
        task = task_of(signature.target)
        truth = task.training_truth(train_set.y, signature.target)
        if len(train_set) < FEWEST_ROWS:
            raise TrainError(
                f"{len(train_set)} training rows",
                expected=f"at least {FEWEST_ROWS}, to choose by folds",
                fix="provide more rows",
            )
        rows = TokenRows(
            count_ids([(train_set.x[port.name], port.num_ids) for port in ports]),
            truth,
            train_set.weight,
            window=ports[0].shape[0],
            output_kind=task.output_kind,
        )
        choice = WeightingChoice(
            self.blends, self.exponents, self.strengths, self.smoothing, training.seed
        )
        folds = fold_places(train_set, self.num_folds, seed=training.seed)
        score = _scorer(signature, truth, deciding)
        linear, outside = fit_by_folds(rows, folds, choice, score)
        write_linear(model, linear, rows.counts, signature=signature)
        if self.decides_by_folds:
            return outside.astype(np.float32)
        return None


def _scorer(signature, truth, deciding):
    """Returns a function of outputs [rows, outputs]: the deciding metric, the higher the better."""
    from ..training.fit import task_metric

    def score(outputs):
        metric, mode = task_metric(deciding, signature)
        metric.update_state(truth, outputs.astype(np.float32))
        value = float(metric.result())
        if mode == "max":
            return value
        return -value

    return score


def table_name(port: Port) -> str:
    """Returns the name of the layer that holds the numbers of a port's ids."""
    if port.unit == PAIR_ID:
        return "pairs_table"
    return "table"


def _looked_up(inputs, signature, drawn):
    """Returns the coarse and fine numbers of all ids, one column of ids after the other:
    [rows, columns * window, 2 * outputs].
    """
    from keras import layers

    from ..training.fake_quantize import FakeQuantize

    num_outputs = signature.output.shape[0]
    columns = []
    for port in _id_ports(signature):
        name = table_name(port)
        table = layers.Embedding(
            port.num_ids,
            2 * num_outputs,
            name=name,
            embeddings_initializer=drawn,
        )
        # The converter would take the range of the calibration rows, and clip the weights of tokens
        # that none of them has.
        ranged = FakeQuantize(name=f"{name}_range")
        numbers = table(inputs[port.name])
        columns.append(ranged(numbers))
        ranged.set_range(*TABLE_RANGE)
    if len(columns) == 1:
        return columns[0]
    return layers.Concatenate(axis=1, name="tables")(columns)


def _id_ports(signature):
    """Returns the port of tokens, then those of pairs of them."""
    pairs = [port for port in signature.inputs if port.unit == PAIR_ID]
    return [token_port(signature), *pairs]


def write_linear(
    model: Any, linear: LinearTokens, counts: TokenCounts, *, signature: Signature
) -> None:
    """Writes a linear function into the layers of a `TokenTable` model.

    Args:
        model: As `TokenTable.build` gives it.
        linear: The function, of all ids of tokens, then those of pairs.
        counts: Of training rows, which show how large sums become.
        signature: What the model was built for.
    """
    ports = _id_ports(signature)
    numbers, largest = two_columns(linear.weights)
    sums = sum_weights(linear, counts, largest, num_columns=len(ports))
    first = 0
    for port in ports:
        of_port = numbers[first : first + port.num_ids]
        model.get_layer(table_name(port)).set_weights([of_port])
        first += port.num_ids
    num_outputs = linear.weights.shape[1]
    mask = np.ones((ports[0].num_ids, 1), np.float32)
    mask[0] = 0.0
    of_each = np.kron(np.eye(num_outputs), sums.output[:, None])
    model.get_layer("mask").set_weights([mask])
    model.get_layer("sums").set_weights([sums.kernel, sums.starts])
    model.get_layer("gates").set_weights([sums.gates])
    model.get_layer("member0_logits").set_weights(
        [of_each.astype(np.float32), linear.bias.astype(np.float32)]
    )
