"""Nets for series: steps [rows, steps, channels], with what else a row has, → a value (or its
quantiles) for every step to forecast, or logits.

Recurrent layers and convolutions read from the oldest step to the newest. What is known beforehand
of the steps to forecast, and single values of a row, join the features before the last layer.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

from ..device.cells import SERIES
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from ..training.blocks import check_heads, check_initializer, with_logits
from .blocks import SeriesBlocks, past_ports

ACTIVATIONS = ("relu", "relu6")
MAX_TINY_WIDTH = 8


@dataclass(frozen=True)
class SeriesNet(Network):
    """The knobs that all nets for series share.

    Attributes:
        initializer: Of kernels, by its Keras name.
        dropout: The share of features that is dropped before the last layer.
        regularizer: The factor of L2 on kernels.
        num_members: How many nets stand side by side, their answers averaged.
        activation: "relu" or "relu6".
    """

    activation = ACTIVATIONS[0]  # nets with that knob override it
    initializer: str = "GlorotUniform"
    dropout: float = knob(0.1, 0, 0.95)
    regularizer: float = knob(0.0, 0, 1)
    num_members: int = knob(1, 1, 64)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        check_initializer(self)
        if self.activation not in ACTIVATIONS:
            raise RecipeError(
                f"build.activation={self.activation!r}",
                expected=" or ".join(ACTIVATIONS),
                fix="--set build.activation=relu",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        return refuse_other_columns(self, sketch) or super().suits(sketch)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Builds the net, uncompiled.

        Args:
            signature: Of inputs of which one or more are series.
            seed: Of the initial weights.
            synchronized: Whether batch normalization is over all replicas of a mirrored strategy.

        Returns:
            A keras.Model of float32 [rows, steps, channels], and what else there is → outputs,
            float32 [rows, num_members, outputs].

        Raises:
            RecipeError: For a signature without a series.
        """
        blocks = SeriesBlocks(self, signature, seed=seed, synchronized=synchronized)
        inputs = blocks.inputs
        past = [inputs[port.name] for port in past_ports(signature)]
        x = blocks.joined(past, "steps")
        members = []
        for place in range(self.num_members):
            name = f"member{place}"
            features = self._features(x, blocks, name)
            member = self._member(features, blocks, name)
            members.append(member)
        return with_logits(inputs, members, signature, blocks=blocks)

    def linear(self) -> "NLinear | None":
        """Returns the net to compare with in the report of a forecast; None where this is it."""
        return NLinear()

    def _member(self, features, blocks: "SeriesBlocks", name: str):
        """Returns what the last layer reads: the features, and what a row has besides its steps."""
        others = blocks.other_inputs()
        return blocks.joined([features, *others], f"{name}_all")

    @abstractmethod
    def tiny(self) -> "SeriesNet":
        """The same kind of net, small enough for a test."""

    @abstractmethod
    def _features(self, x, blocks: "SeriesBlocks", name: str):
        """Returns the features [rows, width] of steps [rows, steps, channels]."""


def refuse_other_columns(net: Network, sketch: DataSketch) -> str:
    """Returns why a net for series cannot read the columns, or ""."""
    if sketch.may_have(SERIES):
        return ""
    return Refusal(
        f"{type(net).__name__}, a net for series, on columns of {sketch.kind_names()}",
        expected="series of one length, by step",
        fix="use a net for that kind of data: Mlp() for tables, Cnn() for pictures, TextCnn() "
        "for texts",
    )


def tiny_widths(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Returns widths small enough for a test."""
    return tuple(min(width, MAX_TINY_WIDTH) for width in widths)


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
    """Two linear maps, of a moving average and of what that leaves (Zeng et al. 2023,
    https://arxiv.org/abs/2205.13504).

    Attributes:
        kernel: How many steps the moving average reads.
    """

    dropout: float = knob(0.0, 0, 0.95)
    kernel: int = knob(25, 2, 1000, unit="steps")

    def tiny(self) -> "DLinear":
        return replace(self, kernel=min(self.kernel, 5))

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        average = layers.AveragePooling1D(
            self.kernel, strides=1, padding="same", name=f"{name}_trend"
        )
        trend = average(x)
        rest = layers.Subtract(name=f"{name}_rest")([x, trend])
        flat_trend = layers.Flatten(name=f"{name}_trend_flat")(trend)
        flat_rest = layers.Flatten(name=f"{name}_rest_flat")(rest)
        return blocks.joined([flat_trend, flat_rest], name)


@dataclass(frozen=True)
class SeriesMlp(SeriesNet):
    """Hidden layers over all steps, and next to them the linear map of NLinear (Zeng et al. 2023,
    https://arxiv.org/abs/2205.13504).

    Attributes:
        widths: Of the hidden layers, one after the other.
    """

    widths: tuple[int, ...] = knob((64,), 1, 4096)
    activation: str = "relu"

    def tiny(self) -> "SeriesMlp":
        return replace(self, widths=tiny_widths(self.widths))

    def _features(self, x, blocks, name):
        import keras

        flatten = keras.layers.Flatten(name=f"{name}_flat")
        steps = flatten(x)
        hidden = steps
        for depth, width in enumerate(self.widths):
            layer = f"{name}_{depth}"
            hidden = blocks.dense(hidden, width, name=f"{name}_dense{depth}")
            hidden = blocks.activate(hidden, layer)
            hidden = blocks.drop(hidden, layer)
        return blocks.joined([steps, hidden], name)


@dataclass(frozen=True)
class NBeats(SeriesNet):
    """Stacks of dense layers, each of which takes away from the steps what it has explained; what
    all found makes the forecast (N-BEATS with a generic basis: Oreshkin et al. 2020,
    https://arxiv.org/abs/1905.10437).

    Attributes:
        num_blocks: How many stacks there are.
        depth: How many dense layers a stack has.
        width: Of the dense layers.
        basis: How many numbers a stack finds.
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

        layers = keras.layers
        rest = layers.Flatten(name=f"{name}_flat")(x)
        size = rest.shape[-1]
        last = self.num_blocks - 1
        found = []
        for place in range(self.num_blocks):
            block = f"{name}_block{place}"
            hidden = rest
            for depth in range(self.depth):
                hidden = blocks.dense(hidden, self.width, name=f"{block}_dense{depth}")
                hidden = blocks.activate(hidden, f"{block}_{depth}")
            ahead = blocks.dense(hidden, self.basis, name=f"{block}_ahead")
            found.append(ahead)
            if place < last:
                behind = blocks.dense(hidden, self.basis, name=f"{block}_behind")
                explained = blocks.dense(behind, size, name=f"{block}_explained")
                rest = layers.Subtract(name=f"{block}_rest")([rest, explained])
        return blocks.joined(found, name)


@dataclass(frozen=True)
class PatchTransformer(SeriesNet):
    """Self-attention over patches of steps (Nie et al. 2023, https://arxiv.org/abs/2211.14730) in
    layers that int8 suits: batch normalization, ReLU, and a depthwise convolution over patches
    instead of a table of places.

    Attributes:
        patch: How many steps a patch holds.
        width: Of the vector of each patch.
        depth: How many blocks of attention follow each other.
        heads: How many heads attention has.
        normalization: Whether batch normalization stands in each block.
    """

    patch: int = knob(12, 1, 1000, unit="steps")
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
        num_left = x.shape[1] % self.patch
        x = x[:, num_left:]  # the newest steps fill whole patches
        embed = layers.Conv1D(
            self.width,
            self.patch,
            strides=self.patch,
            name=f"{name}_patches",
            kernel_initializer=blocks.initializer(),
        )
        x = embed(x)
        locate = layers.DepthwiseConv1D(
            3,
            padding="same",
            use_bias=False,
            name=f"{name}_place",
            depthwise_initializer=blocks.initializer(),
        )
        place = locate(x)
        x = layers.Add(name=f"{name}_place_add")([x, place])
        x = blocks.transform(
            x,
            depth=self.depth,
            heads=self.heads,
            widening=2,
            name=f"{name}_",
        )
        x = blocks.normalize(x, f"{name}_last")
        flatten = layers.Flatten(name=f"{name}_flat")
        return flatten(x)
