"""Anomalies: nets that give a window back through a code too narrow for what is not normal, and
forecasts whose residuals are watched.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..device.runner import Runner
from ..device.signature import Signature
from ..errors import RecipeError, with_article
from ..rows.parts import HeldOut, TrainSet, require_train_set
from ..spec import knob
from ..tasks import task_of
from ..tasks.thresholds import anomaly_threshold
from ..verify.finite import check_form
from ..verify.ladder import answer_all
from .blocks import SeriesBlocks, past_ports
from .networks import SeriesNet, tiny_widths


@dataclass(frozen=True)
class ReconstructionNet(SeriesNet):
    """What autoencoders share: steps become a code of few numbers, with what else a row has, and
    the code becomes the steps.

    Only what training windows have in common fits into the code (Sakurada and Yairi 2014,
    https://doi.org/10.1145/2689746.2689747). With `augment=(AugmentJitter(...),)` the net is handed
    noisy windows and gives back clean ones: a denoising autoencoder (Vincent et al. 2008,
    https://doi.org/10.1145/1390156.1390294).

    Attributes:
        code: How many numbers the code has.
        dropout: The share of features that is dropped before the code.
        activation: "relu" or "relu6".
        normalization: Whether batch normalization follows each hidden layer.
        sparsity: The factor of L1 on the code (a sparse autoencoder, Ranzato et al. 2006,
            https://papers.nips.cc/paper/3112): few of its numbers differ from 0 in a window. Only
            without `normalization`, which would undo that the code is small.
    """

    gives_back: ClassVar[bool] = True

    code: int = knob(8, 1, 1024)
    dropout: float = knob(0.0, 0, 0.95)
    activation: str = "relu"
    normalization: bool = True
    sparsity: float = knob(0.0, 0, 10)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        super().check()
        if self.sparsity and self.normalization:
            raise RecipeError(
                f"build.sparsity={self.sparsity} with build.normalization=True",
                expected="no normalization, which would undo that the code is small",
                fix="--set build.normalization=False",
            )

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
            target = with_article(f"{signature.target.task} target")
            raise RecipeError(
                f"{type(self).__name__} for {target}",
                expected="windows to be given back",
                fix="--set 'frame=CutSegments()', or another net: --set 'build=SeriesMlp()'",
            )
        layers = keras.layers
        blocks = SeriesBlocks(self, signature, seed=seed, synchronized=synchronized)
        inputs = blocks.inputs
        past = [inputs[port.name] for port in past_ports(signature)]
        x = blocks.joined(past, "steps")
        others = blocks.other_inputs()
        shape = signature.base_port().shape
        num_outputs = signature.output.shape[0]
        members = []
        for place in range(self.num_members):
            name = f"member{place}"
            features = self._features(x, blocks, name)
            features = blocks.drop(features, name)
            code = self._code(features, blocks, f"{name}_code")
            known = blocks.joined([code, *others], f"{name}_known")
            window = self._decoded(known, shape, blocks, name)
            stack = layers.Reshape((1, num_outputs), name=f"{name}_stacked")
            members.append(stack(window))
        outputs = members[0]
        if len(members) > 1:
            concatenate = layers.Concatenate(axis=1, name="stacked")
            outputs = concatenate(members)
        name = type(self).__name__.lower()
        return keras.Model(inputs, outputs, name=name)

    def _code(self, features, blocks, name):
        return blocks.dense(
            features,
            self.code,
            name=name,
            sparsity=self.sparsity,
        )

    def linear(self) -> "LinearAutoencoder | None":
        """Returns the same net without a hidden layer, None where this is it.

        It does what principal components can do.
        """
        return LinearAutoencoder(code=self.code)

    @abstractmethod
    def _decoded(self, code, shape: tuple[int, int], blocks: SeriesBlocks, name: str):
        """Returns the steps of a code, by a layer called `name`_window.

        Args:
            code: And what else a row has, [rows, width].
            shape: Steps and channels.
            blocks: Of this net.
            name: Of the member.

        Returns:
            [rows, steps * channels].
        """


@dataclass(frozen=True)
class Autoencoder(ReconstructionNet):
    """Dense layers down to the code, and up again (as the anomaly task of MLPerf Tiny, Banbury et
    al. 2021, https://arxiv.org/abs/2106.07597).

    Attributes:
        widths: Of the layers down to the code; up again in reverse.
    """

    widths: tuple[int, ...] = knob((64,), 1, 4096)

    def tiny(self) -> "Autoencoder":
        return replace(self, widths=tiny_widths(self.widths))

    def _features(self, x, blocks, name):
        import keras

        flatten = keras.layers.Flatten(name=f"{name}_flat")
        steps = flatten(x)
        return self._stack(steps, self.widths, blocks, f"{name}_down")

    def _decoded(self, code, shape, blocks, name):
        steps, channels = shape
        widths_up = self.widths[::-1]
        x = self._stack(code, widths_up, blocks, f"{name}_up")
        return blocks.dense(x, steps * channels, name=f"{name}_window")

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

    Attributes:
        widths: None: there is no hidden layer.
    """

    widths: tuple[int, ...] = ()
    normalization: bool = False

    def linear(self) -> None:
        """Returns None: this is the linear net."""


@dataclass(frozen=True)
class ConvAutoencoder(ReconstructionNet):
    """Convolutions over half as many steps each, down to the code; up again by convolutions whose
    filters become steps, two for one (Shi et al. 2016, https://arxiv.org/abs/1609.05158).

    Attributes:
        widths: Filters of the convolutions down to the code; up again in reverse.
        kernel: How many steps a convolution reads.
    """

    widths: tuple[int, ...] = knob((16, 32), 1, 1024)
    kernel: int = knob(3, 1, 64, unit="steps")

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()",
                expected="one or more widths",
                fix="--set 'build.widths=(16, 32)'",
            )

    def tiny(self) -> "ConvAutoencoder":
        return replace(self, widths=tiny_widths(self.widths))

    def _features(self, x, blocks, name):
        import keras

        for depth, width in enumerate(self.widths):
            layer = f"{name}_down{depth}"
            x = self._convolve(x, width, blocks, f"{layer}_conv", strides=2)
            x = blocks.normalize(x, layer)
            x = blocks.activate(x, layer)
        flatten = keras.layers.Flatten(name=f"{name}_flat")
        return flatten(x)

    def _decoded(self, code, shape, blocks, name):
        import keras

        steps, channels = shape
        lengths = self._lengths(steps)
        x = self._start(code, lengths[-1], blocks, name)
        for depth in reversed(range(len(self.widths))):
            x = self._double(x, depth, lengths[depth], blocks, f"{name}_up{depth}")
        x = self._convolve(x, channels, blocks, f"{name}_back")
        flatten = keras.layers.Flatten(name=f"{name}_window")
        return flatten(x)

    def _lengths(self, steps):
        """Returns how many steps there are before each convolution down, and after the last."""
        lengths = [steps]
        for _ in self.widths:
            half = -(-lengths[-1] // 2)  # rounded up
            lengths.append(half)
        return lengths

    def _start(self, code, num_steps, blocks, name):
        """Returns the shortest steps, [rows, num_steps, width], of a code."""
        import keras

        start = f"{name}_start"
        width = self.widths[-1]
        x = blocks.dense(code, num_steps * width, name=start)
        x = blocks.normalize(x, start)
        x = blocks.activate(x, start)
        reshape = keras.layers.Reshape((num_steps, width), name=f"{name}_started")
        return reshape(x)

    def _double(self, x, depth, num_steps, blocks, name):
        """Returns twice as many steps, but at most `num_steps`: filters become steps."""
        import keras

        layers = keras.layers
        width = self.widths[max(depth - 1, 0)]
        x = self._convolve(x, 2 * width, blocks, f"{name}_conv")
        x = blocks.normalize(x, name)
        x = blocks.activate(x, name)
        doubled = 2 * x.shape[1]
        reshape = layers.Reshape((doubled, width), name=f"{name}_steps")
        x = reshape(x)
        excess = doubled - num_steps
        if excess > 0:
            crop = layers.Cropping1D((0, excess), name=f"{name}_cut")
            x = crop(x)
        return x

    def _convolve(self, x, width, blocks, name, *, strides=1):
        import keras

        convolution = keras.layers.Conv1D(
            width,
            self.kernel,
            strides=strides,
            padding="same",
            name=name,
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )
        return convolution(x)


@dataclass(frozen=True)
class ForecastResidual:
    """A forecast as a detector of anomalies.

    Attributes:
        spread: The mean absolute error of each step ahead on training rows, in the target's unit.
        threshold: From which score on a window is flagged.
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
        answers = _finite_answers(runner, rows)
        smallest = np.finfo(np.float32).tiny
        spread = np.array(self.spread)
        scale = np.maximum(spread, smallest)
        if answers.quantiles is not None:
            lowest = answers.quantiles[:, :, 0]
            highest = answers.quantiles[:, :, -1]
            width = highest - lowest
            scale = np.maximum(scale, width)
        errors = np.abs(rows.y - answers.scores)
        is_known = ~np.isnan(rows.y)
        mean = _mean_of_known(errors / scale, is_known, axis=1)
        return np.where(is_known.any(axis=1), mean, np.nan)

    def flag(self, runner: Runner, rows: TrainSet | HeldOut) -> np.ndarray:
        """Returns where the score is at least the threshold, bool [rows]."""
        return self.score(runner, rows) >= self.threshold


def fit_residual(runner: Runner, train: TrainSet, *, quantile: float = 0.99) -> ForecastResidual:
    """Fits the detector of a forecast's runner.

    Args:
        runner: Of the forecast's bundle.
        train: Raw windows of CutWindows.
        quantile: Of training rows' scores, above which the threshold lies.

    Returns:
        The detector, with its spread and its threshold.

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
    answers = _finite_answers(runner, train)
    errors = np.abs(train.y - answers.scores)
    is_known = ~np.isnan(train.y)
    spread = _mean_of_known(errors, is_known, axis=0)
    detector = ForecastResidual(tuple(spread.tolist()), threshold=0.0)
    scores = detector.score(runner, train)
    is_scored = ~np.isnan(scores)
    offsets = anomaly_threshold(scores[is_scored], quantile)
    return replace(detector, threshold=-offsets[0])


def _finite_answers(runner, rows):
    """Returns the answers; their NaN would be taken for that of a row without a known target."""
    answers = answer_all(runner, rows)
    check_form(answers.raw, "the forecast")
    return answers


def _mean_of_known(errors, is_known, axis):
    """Returns the mean of the errors of known targets along an axis, 0 if there is none."""
    known_errors = np.where(is_known, errors, 0)
    total = known_errors.sum(axis=axis)
    num_known = is_known.sum(axis=axis)
    return total / np.maximum(num_known, 1)
