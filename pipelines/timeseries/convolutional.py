"""Temporal convolutions for windows of series, which can ship in a form for one step a call."""

from dataclasses import dataclass, replace

from ..device.calendar import SECOND
from ..device.primitives import FillSteps, OwnScale, PackSteps
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..spec import Refusal, knob
from ..tasks import task_of
from .blocks import past_ports
from .networks import SeriesNet


@dataclass(frozen=True)
class Tcn(SeriesNet):
    """Causal convolutions whose dilation doubles from block to block, each block added to what it
    read (Bai et al. 2018, https://arxiv.org/abs/1803.01271); features of the newest step.

    Attributes:
        width: Filters of every convolution.
        depth: How many blocks follow each other.
        kernel: How many steps a convolution reads.
        stream: Whether the bundle also has a form that takes one new step a call, and keeps what
            the convolutions read of the steps before.
    """

    width: int = knob(24, 1, 1024)
    depth: int = knob(5, 1, 16)
    kernel: int = knob(3, 2, 64, unit="steps")
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
        """Returns how many steps the newest one's features are made of."""
        sum_of_dilations = 2**self.depth - 1
        return 1 + (self.kernel - 1) * sum_of_dilations

    def _check_stream(self, signature):
        if not task_of(signature.target).looks_ahead:
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
        packed = {}
        for primitive in signature.primitives:
            if isinstance(primitive, PackSteps):
                packed[primitive.into] = primitive.columns
        columns = {name for port in past for name in packed[port.name]}
        if window < self.num_steps():
            raise RecipeError(
                f"build.stream=True: a net that looks back on {self.num_steps()} steps in a window "
                f"of {window}",
                expected="windows that hold all that a stream remembers",
                fix=f"--set frame.window={self.num_steps()}, or a lower build.depth",
            )
        for primitive in signature.primitives:
            _check_stream_primitive(primitive, columns)

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        widen = layers.Conv1D(
            self.width, 1, name=f"{name}_widen", kernel_initializer=blocks.initializer()
        )
        x = widen(x)
        for depth in range(self.depth):
            block = f"{name}_block{depth}"
            convolution = layers.Conv1D(
                self.width,
                self.kernel,
                dilation_rate=2**depth,
                padding="causal",
                name=f"{block}_conv",
                kernel_initializer=blocks.initializer(),
                kernel_regularizer=blocks.regularizer(),
            )
            inner = convolution(x)
            inner = blocks.activate(inner, block)
            inner = blocks.drop(inner, block)
            x = blocks.add(x, inner, f"{block}_add")
        return blocks.newest(x, name)


def _check_stream_primitive(primitive, columns):
    """Raises RecipeError for a step whose result depends on where a window begins."""
    if isinstance(primitive, OwnScale) and primitive.into in columns:
        if primitive.scaled or primitive.offset != "none":
            raise RecipeError(
                f"build.stream=True: the series {primitive.into!r} is scaled by itself, "
                "window by window",
                expected="a step that is the same in every window it is in",
                fix="--set 'encode=(FlagGaps(), FillGaps(), ScaleSeries())'",
            )
    if isinstance(primitive, FillSteps) and primitive.column in columns:
        if primitive.how != "previous":
            raise RecipeError(
                f"build.stream=True: gaps of {primitive.column!r} are filled by {primitive.how!r}",
                expected="gaps filled from steps that a stream has seen, wherever its window began",
                fix="--set 'encode=(FlagGaps(), FillGaps(), ScaleSeries())'",
            )
