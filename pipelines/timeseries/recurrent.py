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
from .networks import SeriesNet, past_ports


@dataclass(frozen=True)
class RecurrentSeriesNet(SeriesNet):
    """Recurrent layers of `widths` units, one on the other; features of the newest step."""

    widths: tuple[int, ...] = knob((32,), 1, 1024)

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()", expected="one or more widths", fix="--set 'build.widths=(32,)'"
            )

    def tiny(self) -> "RecurrentSeriesNet":
        return replace(self, widths=tuple(min(width, 8) for width in self.widths))

    @property
    @abstractmethod
    def _cell(self) -> str:
        """The name of the Keras layer."""

    def _features(self, x, blocks, name):
        for depth, width in enumerate(self.widths):
            x = blocks.recur(x, self._cell, width, name=f"{name}_{self._cell.lower()}{depth}")
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
    """Recurrent layers that TFLite has no operator for: they ship step by step, in at most about
    `most_unrolled_bytes` of operators in addition to the weights.
    """

    most_unrolled_bytes: int = knob(MOST_UNROLLED_BYTES, 1, 2**31 - 1)

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
    """An LSTM reads the steps; another goes over the steps to forecast, a vector for each made of
    what the first ended with, and looks back on every step read, weighted by attention (Bahdanau et
    al. 2015, https://arxiv.org/abs/1409.0473; by scaled products, Luong et al. 2015,
    https://arxiv.org/abs/1508.04025).
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
        start = blocks.dense(
            blocks.newest(read, f"{name}_read"), horizon * self.step_width, name=f"{name}_start"
        )
        start = layers.Reshape((horizon, self.step_width), name=f"{name}_steps")(start)
        asked = blocks.recur(start, "LSTM", self.width, name=f"{name}_decoder")
        keys = layers.Permute((2, 1), name=f"{name}_keys_turned")(
            blocks.dense(read, self.width, name=f"{name}_keys")
        )
        shares = layers.Softmax(name=f"{name}_shares")(
            keras.ops.matmul(asked, keys) / self.width**0.5
        )
        both = blocks.joined([asked, keras.ops.matmul(shares, read)], f"{name}_both")
        told = blocks.activate(
            blocks.dense(both, self.step_width, name=f"{name}_told"), f"{name}_told"
        )
        return layers.Flatten(name=f"{name}_flat")(told)
