"""Anomalies: nets that give a window back through a code too narrow for what is not normal, and
forecasts whose residuals are watched.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..device.runner import Runner
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.parts import HeldOut, TrainSet, require_train_set
from ..spec import knob
from ..tasks import task_of
from ..tasks.thresholds import anomaly_threshold
from ..verify.ladder import answer_all
from .networks import SeriesBlocks, SeriesNet, past_ports


@dataclass(frozen=True)
class ReconstructionNet(SeriesNet):
    """What autoencoders share: steps → a `code` of few numbers, with what else a row has
    → the steps. Only what training windows have in common fits into the code (Sakurada and Yairi
    2014, https://doi.org/10.1145/2689746.2689747).
    """

    gives_back: ClassVar[bool] = True

    code: int = knob(8, 1, 1024)
    dropout: float = knob(0.0, 0, 0.95)
    activation: str = "relu"
    normalization: bool = True

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Builds the net, uncompiled.

        Args:
            signature: Of a target whose windows are given back.
            seed: Of the initial weights.
            synchronized: Whether statistics of batches are those of all devices.

        Returns:
            A keras.Model of float32 [rows, steps, channels], and what else there is → what the
            target's input was, [rows, num_members, steps * channels].

        Raises:
            RecipeError: For another task.
        """
        import keras

        if not task_of(signature.target).gives_back:
            raise RecipeError(
                f"{type(self).__name__} for a {signature.target.task} target",
                expected="windows to be given back",
                fix="--set 'frame=CutSegments()', or another net: --set 'build=SeriesMlp()'",
            )
        layers = keras.layers
        blocks = SeriesBlocks(self, signature, seed=seed, synchronized=synchronized)
        inputs = {}
        for port in signature.inputs:
            inputs[port.name] = keras.Input(port.shape, name=port.name, dtype=port.dtype)
        past = [inputs[port.name] for port in past_ports(signature)]
        x = blocks.joined(past, "steps")
        beside = blocks.beside(inputs)
        shape = signature.base_port().shape
        num_outputs = signature.output.shape[0]
        members = []
        for place in range(self.num_members):
            name = f"member{place}"
            features = self._features(x, blocks, name)
            features = blocks.drop(features, name)
            code = blocks.dense(features, self.code, name=f"{name}_code")
            known = blocks.joined([code, *beside], f"{name}_known")
            window = self._decoded(known, shape, blocks, name)
            member = layers.Reshape((1, num_outputs), name=f"{name}_stacked")(window)
            members.append(member)
        if len(members) > 1:
            stacked = layers.Concatenate(axis=1, name="stacked")(members)
        else:
            stacked = members[0]
        return keras.Model(inputs, stacked, name=type(self).__name__.lower())

    def linear(self) -> "LinearAutoencoder | None":
        """Returns the same net without a hidden layer, None where this is it.

        It does what principal components can do.
        """
        return LinearAutoencoder(code=self.code)

    @abstractmethod
    def _decoded(self, code, shape: tuple[int, int], blocks: SeriesBlocks, name: str):
        """The code [rows, width] → [rows, steps * channels] by a layer called `name`_window."""


@dataclass(frozen=True)
class Autoencoder(ReconstructionNet):
    """Dense layers of `widths` down to the code, and up again (as the anomaly task of MLPerf Tiny,
    Banbury et al. 2021, https://arxiv.org/abs/2106.07597).
    """

    widths: tuple[int, ...] = knob((64,), 1, 4096)

    def tiny(self) -> "Autoencoder":
        return replace(self, widths=tuple(min(width, 8) for width in self.widths))

    def _features(self, x, blocks, name):
        import keras

        x = keras.layers.Flatten(name=f"{name}_flat")(x)
        return self._stack(x, self.widths, blocks, f"{name}_down")

    def _decoded(self, code, shape, blocks, name):
        x = self._stack(code, self.widths[::-1], blocks, f"{name}_up")
        return blocks.dense(x, shape[0] * shape[1], name=f"{name}_window")

    def _stack(self, x, widths, blocks, name):
        for depth, width in enumerate(widths):
            layer = f"{name}_{depth}"
            x = blocks.dense(x, width, name=f"{name}_dense{depth}")
            x = blocks.normalize(x, layer)
            x = blocks.activate(x, layer)
        return x


@dataclass(frozen=True)
class LinearAutoencoder(Autoencoder):
    """No hidden layer: the code is a linear map of the steps, as principal components are (Bourlard
    and Kamp 1988, https://doi.org/10.1007/BF00332918).
    """

    widths: tuple[int, ...] = ()
    normalization: bool = False

    def linear(self) -> None:
        """None: this is it."""


@dataclass(frozen=True)
class ConvAutoencoder(ReconstructionNet):
    """Convolutions of `widths` filters, each over half as many steps, down to the code; up again by
    convolutions whose filters become steps, two for one (Shi et al. 2016,
    https://arxiv.org/abs/1609.05158).
    """

    widths: tuple[int, ...] = knob((16, 32), 1, 1024)
    kernel: int = knob(3, 1, 64)

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()",
                expected="one or more widths",
                fix="--set 'build.widths=(16, 32)'",
            )

    def tiny(self) -> "ConvAutoencoder":
        return replace(self, widths=tuple(min(width, 8) for width in self.widths))

    def _features(self, x, blocks, name):
        import keras

        for depth, width in enumerate(self.widths):
            x = self._convolve(x, width, blocks, f"{name}_down{depth}", strides=2)
        return keras.layers.Flatten(name=f"{name}_flat")(x)

    def _decoded(self, code, shape, blocks, name):
        import keras

        layers = keras.layers
        steps, channels = shape
        num_halvings = len(self.widths)
        lengths = [-(-steps // 2**depth) for depth in range(num_halvings + 1)]
        shortest = lengths[-1]
        width = self.widths[-1]
        start = f"{name}_start"
        x = blocks.dense(code, shortest * width, name=start)
        x = blocks.normalize(x, start)
        x = blocks.activate(x, start)
        x = layers.Reshape((shortest, width), name=f"{name}_started")(x)
        for depth in reversed(range(num_halvings)):
            layer = f"{name}_up{depth}"
            width = self.widths[max(depth - 1, 0)]
            x = self._convolve(x, 2 * width, blocks, layer)
            doubled = 2 * x.shape[1]
            x = layers.Reshape((doubled, width), name=f"{layer}_steps")(x)
            excess = doubled - lengths[depth]
            if excess > 0:
                x = layers.Cropping1D((0, excess), name=f"{layer}_cut")(x)
        x = layers.Conv1D(
            channels,
            self.kernel,
            padding="same",
            name=f"{name}_back",
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )(x)
        return layers.Flatten(name=f"{name}_window")(x)

    def _convolve(self, x, width, blocks, name, *, strides=1):
        import keras

        x = keras.layers.Conv1D(
            width,
            self.kernel,
            strides=strides,
            padding="same",
            name=f"{name}_conv",
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )(x)
        x = blocks.normalize(x, name)
        return blocks.activate(x, name)


@dataclass(frozen=True)
class ForecastResidual:
    """A forecast as a detector.

    Attributes:
        spread: by step ahead, the mean absolute error on training rows, in the target's unit.
        threshold: of scores.
    """

    spread: tuple[float, ...]
    threshold: float

    def score(self, runner: Runner, rows: TrainSet | HeldOut) -> np.ndarray:
        """Returns the mean scaled error over the steps with a known target, float64 [rows].

        The error is |y - forecast|, by the width of the forecast's own interval or by the spread,
        whichever is larger; NaN where no target is known.

        Args:
            runner: Of the forecast's bundle.
            rows: Raw windows of CutWindows.
        """
        answers = answer_all(runner, rows)
        smallest = np.finfo(np.float32).tiny
        scale = np.maximum(np.array(self.spread), smallest)
        if answers.quantiles is not None:
            lowest = answers.quantiles[:, :, 0]
            highest = answers.quantiles[:, :, -1]
            scale = np.maximum(scale, highest - lowest)
        errors = np.abs(rows.y - answers.scores) / scale
        known = ~np.isnan(rows.y)
        total = np.where(known, errors, 0).sum(axis=1)
        num_known = known.sum(axis=1)
        mean = total / np.maximum(num_known, 1)
        return np.where(num_known > 0, mean, np.nan)

    def flag(self, runner: Runner, rows: TrainSet | HeldOut) -> np.ndarray:
        """Returns where the score is at least the threshold, bool [rows]."""
        return self.score(runner, rows) >= self.threshold


def fit_residual(runner: Runner, train: TrainSet, *, quantile: float = 0.99) -> ForecastResidual:
    """Fits the detector of a forecast's runner.

    Args:
        runner: Of the forecast's bundle.
        train: Raw windows of CutWindows.
        quantile: Of training rows' scores, above which the threshold lies.

    Raises:
        LeakError: For other rows than training rows.
        RecipeError: If the runner forecasts nothing or no target is known.
    """
    train = require_train_set(train, "fit_residual")
    target = runner.signature.target
    if not task_of(target).looks_ahead or np.isnan(train.y).all():
        raise RecipeError(
            f"residuals of a model of task {target.task} on {len(train)} rows",
            expected="a forecast, and rows with known targets",
            fix="the runner of a bundle made with frame=CutWindows(...)",
        )
    answers = answer_all(runner, train)
    errors = np.abs(train.y - answers.scores)
    known = ~np.isnan(train.y)
    total = np.where(known, errors, 0).sum(axis=0)
    num_known = known.sum(axis=0)
    spread = total / np.maximum(num_known, 1)
    detector = ForecastResidual(tuple(spread.tolist()), 0.0)
    scores = detector.score(runner, train)
    scores = scores[~np.isnan(scores)]
    offset = anomaly_threshold(scores, quantile)[0]
    return replace(detector, threshold=-offset)
