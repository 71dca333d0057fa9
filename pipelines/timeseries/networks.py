"""Nets for series: steps [rows, steps, channels], with what else a row has, → a value (or its
quantiles) for every step to foretell, or logits.

Recurrent layers and convolutions read from the oldest step to the newest. What is known beforehand
of the steps to foretell, and single values of a row, join the features before the last layer.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

from ..device.calendar import SECOND
from ..device.cells import SERIES
from ..device.ports import Port
from ..device.primitives import FillSteps, OwnScale, PackSteps
from ..device.signature import Signature, made_from
from ..device.units import CATEGORY_ID, SERIES_INTERVAL, SERIES_STANDARD
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from ..training.blocks import (
    MOST_UNROLLED_BYTES,
    Blocks,
    check_heads,
    check_initializer,
    check_unrolled,
    with_logits,
)

ACTIVATIONS = ("relu", "relu6")
BY_STEP = (SERIES_STANDARD, SERIES_INTERVAL)


@dataclass(frozen=True)
class SeriesNet(Network):
    """The knobs that all nets for series share. `initializer`: of kernels, by its Keras name.
    `dropout`: before the last layer. `regularizer`: the factor of L2 on kernels. `num_members`: how
    many nets stand side by side, their answers averaged.
    """

    initializer: str = "GlorotUniform"
    dropout: float = knob(0.1, 0, 0.95)
    regularizer: float = knob(0.0, 0, 1)
    num_members: int = knob(1, 1, 64)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        check_initializer(self)
        activation = getattr(self, "activation", ACTIVATIONS[0])
        if activation not in ACTIVATIONS:
            raise RecipeError(
                f"build.activation={activation!r}",
                expected=" or ".join(ACTIVATIONS),
                fix="--set build.activation=relu",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        if sketch.may_have(SERIES):
            return super().suits(sketch)
        return Refusal(
            f"{type(self).__name__}, a net for series, on columns of {sketch.kind_names()}",
            expected="series of one length, by step",
            fix="use a net for that kind of data: Mlp() for tables, Cnn() for pictures, TextCnn() "
            "for texts",
        )

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: float32 [rows, steps, channels], and what else there
        is → outputs [rows, num_members, outputs]. Raises RecipeError for a signature without a
        series.

        `synchronized`: batch normalization over all replicas of a mirrored strategy.
        """
        import keras

        blocks = SeriesBlocks(self, signature, seed=seed, synchronized=synchronized)
        inputs = {
            port.name: keras.Input(port.shape, name=port.name, dtype=port.dtype)
            for port in signature.inputs
        }
        x = blocks.joined([inputs[port.name] for port in past_ports(signature)], "steps")
        beside = blocks.beside(inputs)
        members = []
        for place in range(self.num_members):
            features = self._features(x, blocks, f"member{place}")
            members.append(blocks.joined([features, *beside], f"member{place}_all"))
        return with_logits(inputs, members, signature, blocks=blocks)

    def linear(self) -> "NLinear | None":
        """The net to stand beside this one in the report of a forecast; None where this is it."""
        return NLinear()

    @abstractmethod
    def tiny(self) -> "SeriesNet":
        """The same kind of net, small enough for a test."""

    @abstractmethod
    def _features(self, x, blocks: "SeriesBlocks", name: str):
        """Steps [rows, steps, channels] → features [rows, width]."""


@dataclass(frozen=True)
class NLinear(SeriesNet):
    """One linear map of all steps: with ScaleByItself(), which takes the last value away, the
    NLinear of Zeng et al. 2023 (https://arxiv.org/abs/2205.13504).
    """

    dropout: float = knob(0.0, 0, 0.95)

    def linear(self) -> None:
        """None: this is the linear net."""

    def tiny(self) -> "NLinear":
        return self

    def _features(self, x, blocks, name):
        import keras

        return keras.layers.Flatten(name=f"{name}_flat")(x)


@dataclass(frozen=True)
class DLinear(SeriesNet):
    """Two linear maps, of a moving average over `kernel` steps and of what that leaves (Zeng et al.
    2023).
    """

    dropout: float = knob(0.0, 0, 0.95)
    kernel: int = knob(25, 2, 1000)

    def tiny(self) -> "DLinear":
        return replace(self, kernel=min(self.kernel, 5))

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        trend = layers.AveragePooling1D(
            self.kernel, strides=1, padding="same", name=f"{name}_trend"
        )(x)
        rest = layers.Subtract(name=f"{name}_rest")([x, trend])
        return blocks.joined(
            [
                layers.Flatten(name=f"{name}_trend_flat")(trend),
                layers.Flatten(name=f"{name}_rest_flat")(rest),
            ],
            name,
        )


@dataclass(frozen=True)
class SeriesMlp(SeriesNet):
    """`widths` hidden layers over all steps, and beside them the linear map of NLinear."""

    widths: tuple[int, ...] = knob((64,), 1, 4096)
    activation: str = "relu"

    def tiny(self) -> "SeriesMlp":
        return replace(self, widths=tuple(min(width, 8) for width in self.widths))

    def _features(self, x, blocks, name):
        import keras

        flat = x = keras.layers.Flatten(name=f"{name}_flat")(x)
        for depth, width in enumerate(self.widths):
            x = blocks.activate(
                blocks.dense(x, width, name=f"{name}_dense{depth}"), f"{name}_{depth}"
            )
            x = blocks.drop(x, f"{name}_{depth}")
        return blocks.joined([flat, x], name)


@dataclass(frozen=True)
class NBeats(SeriesNet):
    """`num_blocks` stacks of `depth` dense layers; each takes away from the steps what it has
    explained, and what all found makes the forecast (N-BEATS with a generic basis of `basis`
    numbers: Oreshkin et al. 2020, https://arxiv.org/abs/1905.10437).
    """

    num_blocks: int = knob(3, 1, 64)
    depth: int = knob(2, 1, 16)
    width: int = knob(64, 1, 4096)
    basis: int = knob(16, 1, 1024)
    activation: str = "relu"

    def tiny(self) -> "NBeats":
        return replace(self, num_blocks=2, depth=1, width=8, basis=4)

    def _features(self, x, blocks, name):
        import keras

        rest = keras.layers.Flatten(name=f"{name}_flat")(x)
        size = rest.shape[-1]
        found = []
        for place in range(self.num_blocks):
            each = f"{name}_block{place}"
            hidden = rest
            for depth in range(self.depth):
                hidden = blocks.activate(
                    blocks.dense(hidden, self.width, name=f"{each}_dense{depth}"), f"{each}_{depth}"
                )
            found.append(blocks.dense(hidden, self.basis, name=f"{each}_ahead"))
            if place + 1 < self.num_blocks:
                explained = blocks.dense(
                    blocks.dense(hidden, self.basis, name=f"{each}_behind"),
                    size,
                    name=f"{each}_explained",
                )
                rest = keras.layers.Subtract(name=f"{each}_rest")([rest, explained])
        return blocks.joined(found, name)


@dataclass(frozen=True)
class Tcn(SeriesNet):
    """Causal convolutions whose dilation doubles from block to block, each block added to what it
    read (Bai et al. 2018, https://arxiv.org/abs/1803.01271); features of the newest step. `stream`:
    whether the bundle has a form that takes one new step a call too, and keeps what the
    convolutions read of the steps before.
    """

    width: int = knob(24, 1, 1024)
    depth: int = knob(5, 1, 16)
    kernel: int = knob(3, 2, 64)
    activation: str = "relu"
    stream: bool = False

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or not step by step, or ""."""
        if self.stream and not sketch.may_be(lambda task: task.looks_ahead):
            return Refusal(
                f"build.stream=True for the task {sketch.task_names()!r}",
                expected="a forecast",
                fix="--set build.stream=False",
            )
        if self.stream and 0 < sketch.window_steps < self.num_steps():
            return Refusal(
                f"build.stream=True: a net that looks back on {self.num_steps()} steps in a window "
                f"of {sketch.window_steps}",
                expected="windows that hold all that a stream remembers",
                fix=f"--set frame.window={self.num_steps()}, or a lower build.depth",
            )
        return super().suits(sketch)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As SeriesNet.build. Raises RecipeError where a stream is asked for and would say
        something else than the net for windows.
        """
        if self.stream:
            self._check_stream(signature)
        return super().build(signature, seed=seed, synchronized=synchronized)

    def tiny(self) -> "Tcn":
        return replace(self, width=min(self.width, 8), depth=2)

    def num_steps(self) -> int:
        """How many steps the newest one's features are made of."""
        return 1 + (self.kernel - 1) * (2**self.depth - 1)

    def _check_stream(self, signature):
        if signature.target.task != "forecast":
            raise RecipeError(
                f"build.stream=True for the task {signature.target.task!r}",
                expected="a forecast",
                fix="--set build.stream=False",
            )
        if signature.frame.calendar.unit != SECOND:
            raise RecipeError(
                f"build.stream=True: the steps are {signature.frame.calendar.unit}s, which differ "
                "in length",
                expected="steps of equal seconds",
                fix="--set build.stream=False",
            )
        past = past_ports(signature)
        window = past[0].shape[0]
        packed = {
            each.into: each.columns for each in signature.primitives if isinstance(each, PackSteps)
        }
        columns = {name for port in past for name in packed[port.name]}
        if window < self.num_steps():
            raise RecipeError(
                f"build.stream=True: a net that looks back on {self.num_steps()} steps in a window "
                f"of {window}",
                expected="windows that hold all that a stream remembers",
                fix=f"--set frame.window={self.num_steps()}, or a lower build.depth",
            )
        own = next(
            (
                each
                for each in signature.primitives
                if isinstance(each, OwnScale)
                and each.into in columns
                and (each.scaled or each.offset != "none")
            ),
            None,
        )
        if own is not None:
            raise RecipeError(
                f"build.stream=True: the series {own.into!r} is scaled by itself, window by window",
                expected="a step that is the same in every window it is in",
                fix="--set 'encode=(FlagGaps(), FillGaps(), ScaleSeries())'",
            )
        fill = next(
            (
                each
                for each in signature.primitives
                if isinstance(each, FillSteps) and each.how != "previous" and each.column in columns
            ),
            None,
        )
        if fill is not None:
            raise RecipeError(
                f"build.stream=True: gaps of {fill.column!r} are filled by {fill.how!r}",
                expected="gaps filled from steps that a stream has seen, wherever its window began",
                fix="--set 'encode=(FlagGaps(), FillGaps(), ScaleSeries())'",
            )

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        x = layers.Conv1D(
            self.width, 1, name=f"{name}_widen", kernel_initializer=blocks.initializer()
        )(x)
        for depth in range(self.depth):
            each = f"{name}_block{depth}"
            inner = layers.Conv1D(
                self.width,
                self.kernel,
                dilation_rate=2**depth,
                padding="causal",
                name=f"{each}_conv",
                kernel_initializer=blocks.initializer(),
                kernel_regularizer=blocks.regularizer(),
            )(x)
            x = layers.Add(name=f"{each}_add")([x, blocks.drop(blocks.activate(inner, each), each)])
        return blocks.newest(x, name)


@dataclass(frozen=True)
class SeriesRecurrent(SeriesNet):
    """Recurrent layers of `widths` units, one on the other; features of the newest step."""

    widths: tuple[int, ...] = knob((32,), 1, 1024)

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()", expected="one or more widths", fix="--set 'build.widths=(32,)'"
            )

    def tiny(self) -> "SeriesRecurrent":
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
class SeriesLstm(SeriesRecurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997,
    https://doi.org/10.1162/neco.1997.9.8.1735), which ships as the one fused operator that TFLite
    has for it.
    """

    _cell = "LSTM"


@dataclass(frozen=True)
class SeriesUnrolled(SeriesRecurrent):
    """Recurrent layers that TFLite has no operator for: they ship step by step, in at most about
    `most_unrolled_bytes` of operators beside the weights.
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
class SeriesGru(SeriesUnrolled):
    """Gated recurrent units (Cho et al. 2014, https://arxiv.org/abs/1406.1078)."""

    _cell = "GRU"


@dataclass(frozen=True)
class SeriesRnn(SeriesUnrolled):
    """The plain recurrent layer (Elman 1990, https://doi.org/10.1207/s15516709cog1402_1)."""

    _cell = "SimpleRNN"


@dataclass(frozen=True)
class EncoderDecoder(SeriesNet):
    """An LSTM reads the steps; another goes over the steps to foretell, a vector for each made of
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


@dataclass(frozen=True)
class PatchTransformer(SeriesNet):
    """Self-attention over patches of `patch` steps (Nie et al. 2023,
    https://arxiv.org/abs/2211.14730) in layers that int8 suits: batch normalization, ReLU, and a
    depthwise convolution over patches instead of a table of places.
    """

    patch: int = knob(12, 1, 1000)
    width: int = knob(32, 4, 1024)
    depth: int = knob(2, 1, 48)
    heads: int = knob(4, 1, 64)
    activation: str = "relu"
    normalization: bool = True

    def check(self) -> None:
        super().check()
        check_heads(self)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the columns cannot be cut to patches, or ""."""
        if not 0 < sketch.window_steps < self.patch:
            return super().suits(sketch)
        return Refusal(
            f"patches of {self.patch} steps in series of {sketch.window_steps}",
            expected="shorter patches",
            fix=f"--set build.patch={max(sketch.window_steps // 4, 1)}",
        )

    def tiny(self) -> "PatchTransformer":
        return replace(self, width=2 * self.heads, depth=1)

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        if x.shape[1] < self.patch:
            raise RecipeError(
                f"patches of {self.patch} steps in series of {x.shape[1]}",
                expected="shorter patches",
                fix=f"--set build.patch={max(x.shape[1] // 4, 1)}",
            )
        x = x[:, x.shape[1] % self.patch :]  # the newest steps fill whole patches
        x = layers.Conv1D(
            self.width,
            self.patch,
            strides=self.patch,
            name=f"{name}_patches",
            kernel_initializer=blocks.initializer(),
        )(x)
        place = layers.DepthwiseConv1D(
            3,
            padding="same",
            use_bias=False,
            name=f"{name}_place",
            depthwise_initializer=blocks.initializer(),
        )(x)
        x = layers.Add(name=f"{name}_place_add")([x, place])
        x = blocks.transform(x, depth=self.depth, heads=self.heads, widening=2, name=f"{name}_")
        return layers.Flatten(name=f"{name}_flat")(blocks.normalize(x, f"{name}_last"))


class SeriesBlocks(Blocks):
    """Blocks for steps [rows, steps, channels]."""

    def __init__(self, net, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        super().__init__(net, seed=seed, synchronized=synchronized)
        self._signature = signature

    def horizon(self) -> int:
        """The steps to foretell. Raises RecipeError where there are none."""
        if self._signature.target.task != "forecast":
            raise RecipeError(
                f"{type(self.net).__name__} without steps to foretell",
                expected="a forecast",
                fix="--set 'build=SeriesLstm()'",
            )
        return self._signature.frame.horizon

    def beside(self, inputs) -> list:
        """What a row has besides its past steps, each as [rows, width]."""
        import keras

        layers = keras.layers
        past = past_ports(self._signature)
        found = []
        for port in self._signature.inputs:
            if port in past:
                continue
            value = inputs[port.name]
            if port.unit == CATEGORY_ID:
                value = layers.Embedding(port.num_ids, 4, name=f"{port.name}_embedding")(value)
            found.append(
                layers.Flatten(name=f"{port.name}_flat")(value) if len(value.shape) > 2 else value
            )
        return found

    def joined(self, parts: list, name: str):
        """The parts side by side."""
        import keras

        if len(parts) > 1:
            return keras.layers.Concatenate(name=f"{name}_joined")(parts)
        return parts[0]

    def newest(self, x, name: str):
        """The newest step, [rows, width]."""
        import keras

        last = keras.layers.Cropping1D((x.shape[1] - 1, 0), name=f"{name}_newest")(x)
        return keras.layers.Reshape((x.shape[2],), name=f"{name}_newest_flat")(last)

    def recur(self, x, cell: str, width: int, *, name: str):
        """What a recurrent layer says at every step, [rows, steps, width]."""
        import keras

        return getattr(keras.layers, cell)(
            width,
            return_sequences=True,
            name=name,
            kernel_initializer=self.initializer(),
            recurrent_initializer=keras.initializers.Orthogonal(seed=self.next_seed()),
            kernel_regularizer=self.regularizer(),
        )(x)


def past_ports(signature: Signature) -> list[Port]:
    """The ports of past steps: those of nothing that is known beforehand. Raises RecipeError where
    there is none.
    """
    known = made_from(signature.primitives, signature.frame.known if signature.frame else ())
    packed = {
        each.into: each.columns for each in signature.primitives if isinstance(each, PackSteps)
    }
    ports = [
        port
        for port in signature.inputs
        if port.unit in BY_STEP and packed[port.name][0] not in known
    ]
    if len({port.shape[0] for port in ports}) != 1:
        raise RecipeError(
            "a net for series on the inputs "
            f"{[(each.name, each.shape) for each in signature.inputs]}",
            expected="series of one length, by step",
            fix="load series, and --set 'encode=(FillGaps(), ScaleSeries())'",
        )
    return ports
