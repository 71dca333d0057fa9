"""Recurrent nets for windows of series."""

from abc import abstractmethod
from dataclasses import dataclass, replace

from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..spec import Refusal, knob
from ..training.blocks import (
    MOST_UNROLLED_BYTES,
    check_unrolled,
)
from .blocks import past_ports
from .networks import SeriesNet, tiny_widths


@dataclass(frozen=True)
class RecurrentSeriesNet(SeriesNet):
    """Recurrent layers, one on the other; features of the newest step.

    Attributes:
        widths: Units of the layers, one after the other.
    """

    widths: tuple[int, ...] = knob((32,), 1, 1024)

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()", expected="one or more widths", fix="--set 'build.widths=(32,)'"
            )

    def tiny(self) -> "RecurrentSeriesNet":
        return replace(self, widths=tiny_widths(self.widths))

    @property
    @abstractmethod
    def _cell(self) -> str:
        """The name of the Keras layer."""

    def _features(self, x, blocks, name):
        cell = self._cell
        prefix = f"{name}_{cell.lower()}"
        for depth, width in enumerate(self.widths):
            x = blocks.recur(x, cell, width, name=f"{prefix}{depth}")
        return blocks.newest(x, name)


@dataclass(frozen=True)
class SeriesLstm(RecurrentSeriesNet):
    """Long short-term memory (Hochreiter and Schmidhuber 1997,
    https://doi.org/10.1162/neco.1997.9.8.1735), which ships as the one fused operator that TFLite
    has for it.
    """

    _cell = "LSTM"


@dataclass(frozen=True)
class UnrolledSeriesNet(RecurrentSeriesNet):
    """Recurrent layers that TFLite has no operator for, which ship step by step.

    Attributes:
        most_unrolled_bytes: About how many bytes of operators they may take in addition to the
            weights.
    """

    most_unrolled_bytes: int = knob(MOST_UNROLLED_BYTES, 1, 2**31 - 1, unit="bytes")

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As SeriesNet.build. Raises RecipeError where the steps would take more than
        `most_unrolled_bytes`.
        """
        check_unrolled(
            self._cell,
            past_ports(signature)[0].shape[0],
            len(self.widths),
            self.most_unrolled_bytes,
            fix="--set 'build=SeriesLstm()', which ships as one operator; or a shorter window: "
            "--set frame.window={}",
        )
        return super().build(signature, seed=seed, synchronized=synchronized)


@dataclass(frozen=True)
class SeriesGru(UnrolledSeriesNet):
    """Gated recurrent units (Cho et al. 2014, https://arxiv.org/abs/1406.1078)."""

    _cell = "GRU"


@dataclass(frozen=True)
class SeriesRnn(UnrolledSeriesNet):
    """The plain recurrent layer (Elman 1990, https://doi.org/10.1207/s15516709cog1402_1)."""

    _cell = "SimpleRNN"


@dataclass(frozen=True)
class EncoderDecoder(SeriesNet):
    """An LSTM reads the steps; another goes over the steps to forecast and looks back on every step
    read, weighted by attention (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473; by scaled
    products, Luong et al. 2015, https://arxiv.org/abs/1508.04025).

    The second reads a vector for each step to forecast, made of what the first ended with.

    Attributes:
        width: Units of both LSTMs.
        step_width: Of the vector of each step to forecast.
    """

    width: int = knob(32, 1, 1024)
    step_width: int = knob(8, 1, 256)
    activation: str = "relu"

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no columns to read or no steps to forecast, or ""."""
        if sketch.may_be(lambda task: task.looks_ahead):
            return super().suits(sketch)
        return Refusal(
            "EncoderDecoder without steps to forecast",
            expected="a forecast",
            fix="--set 'build=SeriesLstm()'",
        )

    def tiny(self) -> "EncoderDecoder":
        return replace(self, width=min(self.width, 8), step_width=4)

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        horizon = blocks.horizon()
        read = blocks.recur(x, "LSTM", self.width, name=f"{name}_encoder")
        newest = blocks.newest(read, f"{name}_read")
        start = blocks.dense(newest, horizon * self.step_width, name=f"{name}_start")
        reshape = layers.Reshape((horizon, self.step_width), name=f"{name}_steps")
        asked = blocks.recur(
            reshape(start),
            "LSTM",
            self.width,
            name=f"{name}_decoder",
        )
        keys = blocks.dense(read, self.width, name=f"{name}_keys")
        turn = layers.Permute((2, 1), name=f"{name}_keys_turned")
        products = keras.ops.matmul(asked, turn(keys))
        softmax = layers.Softmax(name=f"{name}_shares")
        shares = softmax(products / self.width**0.5)
        attended = keras.ops.matmul(shares, read)
        both = blocks.joined([asked, attended], f"{name}_both")
        answers = blocks.dense(both, self.step_width, name=f"{name}_told")
        answers = blocks.activate(answers, f"{name}_told")
        flatten = layers.Flatten(name=f"{name}_flat")
        return flatten(answers)
