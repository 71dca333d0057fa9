"""Nets for pictures: pixels 0..255 → logits.

Every net begins with one Rescaling called "pixels", which the export folds into the quantization of
its input, and is made of layers that TFLite Micro has int8 kernels for.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

from ..device.cells import PICTURE
from ..device.ports import Port
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from ..training.blocks import Blocks, check_heads, check_initializer, with_logits

ACTIVATIONS = ("relu", "relu6")


@dataclass(frozen=True)
class PictureNet(Network):
    """The knobs that all nets for pictures share (batch normalization: Ioffe and Szegedy 2015,
    https://arxiv.org/abs/1502.03167).

    Attributes:
        initializer: Of convolutions and dense layers, by its Keras name.
        activation: "relu" or "relu6".
        normalization: Whether batch normalization follows each convolution.
        dropout: The share of features that is dropped before the last layer.
        regularizer: The factor of L2 on all kernels but depthwise ones.
    """

    initializer: str = "HeNormal"
    activation: str = "relu"
    normalization: bool = True
    dropout: float = knob(0.0, 0, 0.95)
    regularizer: float = knob(0.0, 0, 1)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        if self.activation not in ACTIVATIONS:
            raise RecipeError(
                f"build.activation={self.activation!r}",
                expected=" or ".join(ACTIVATIONS),
                fix="--set build.activation=relu; more are in build.layers.activation",
            )
        check_initializer(self)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        return refuse_others(self, sketch) or self._too_small(sketch) or super().suits(sketch)

    def _too_small(self, sketch):
        """Why pictures of the shape that is known have too few pixels, or ""."""
        smallest = self._shrinking() // 2 + 1
        if not sketch.shape or min(sketch.shape[:2]) >= smallest:
            return ""
        return Refusal(
            f"pictures of {sketch.shape[0]} × {sketch.shape[1]} pixels",
            expected=f"{smallest} × {smallest} or more for this net",
            fix="load them larger, or build a net that halves the map less often",
        )

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: pixels float32 [rows, height, width, channels],
        0..255 → logits [rows, 1, outputs]. Raises RecipeError where the signature's pictures are
        too small.

        `synchronized`: batch normalization over all replicas of a mirrored strategy.
        """
        import keras

        port = picture_port(signature, smallest=self._shrinking() // 2 + 1)
        scale, offset = self._pixel_scale()
        pixels = keras.Input(port.shape, name=port.name, dtype="float32")
        blocks = PictureBlocks(self, seed=seed, synchronized=synchronized)
        rescale = keras.layers.Rescaling(scale, offset, name="pixels")
        features = self._features(rescale(pixels), blocks)
        return with_logits({port.name: pixels}, [features], signature, blocks=blocks)

    def _pixel_scale(self):
        """Factor and offset that take pixels 0..255 to what the first convolution sees."""
        return 1 / 255, 0.0

    @abstractmethod
    def tiny(self) -> "PictureNet":
        """The same kind of net, small enough for a test."""

    @abstractmethod
    def _shrinking(self) -> int:
        """How many pixels of the input's side become one of the last map's."""

    @abstractmethod
    def _features(self, x, blocks: "PictureBlocks"):
        """Rescaled pixels → features [rows, width]."""


@dataclass(frozen=True)
class Cnn(PictureNet):
    """Convolutions of 3 × 3, each with normalization and activation; the map is halved by
    max-pooling between them, and averaged at the end.

    Attributes:
        widths: Filters of the convolutions, one after the other.
        pool_after: After which convolutions the map is halved, counted from 0.
        residual: Whether a convolution's input is added to its output if the widths agree.
    """

    widths: tuple[int, ...] = knob((16, 32, 32, 64, 64), 1, 2048)
    pool_after: tuple[int, ...] = knob((1, 3), 0, 99)
    residual: bool = False

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()",
                expected="one or more widths",
                fix="--set 'build.widths=(16, 32)'",
            )
        last = len(self.widths) - 1
        is_twice = len(set(self.pool_after)) < len(self.pool_after)
        is_beyond = any(place > last for place in self.pool_after)
        if is_twice or is_beyond:
            raise RecipeError(
                f"build.pool_after={self.pool_after}",
                expected=f"places 0 to {last} of convolutions, each once",
                fix="--set 'build.pool_after=(0,)'",
            )

    def tiny(self) -> "Cnn":
        return replace(self, widths=tuple(min(width, 8) for width in self.widths))

    def _shrinking(self):
        return 2 ** len(self.pool_after)

    def _features(self, x, blocks):
        for depth, width in enumerate(self.widths):
            before = x
            x = blocks.convolve(x, width, name=f"conv{depth}", activate=False)
            if self.residual and before.shape[-1] == width:
                x = blocks.add(before, x, f"add{depth}")
            x = blocks.activate(x, f"conv{depth}")
            if depth in self.pool_after:
                x = blocks.halve(x, f"pool{depth}")
        return blocks.summarize(x)


@dataclass(frozen=True)
class ResNet8(PictureNet):
    """The residual net of MLPerf Tiny for CIFAR-10: three pairs of convolutions, each pair twice as
    wide as the one before (Banbury et al. 2021, https://arxiv.org/abs/2106.07597; He et al. 2015,
    https://arxiv.org/abs/1512.03385).

    Attributes:
        width: Filters of the first pair.
    """

    width: int = knob(16, 1, 1024)

    def tiny(self) -> "ResNet8":
        return replace(self, width=min(self.width, 4))

    def _shrinking(self):
        return 4

    def _features(self, x, blocks):
        x = blocks.convolve(x, self.width, name="stem")
        pairs = ((self.width, 1), (2 * self.width, 2), (4 * self.width, 2))
        for place, (width, strides) in enumerate(pairs):
            name = f"pair{place}"
            before = x
            x = blocks.convolve(x, width, name=f"{name}_conv0", strides=strides)
            x = blocks.convolve(x, width, name=f"{name}_conv1", activate=False)
            if strides > 1:
                before = blocks.convolve(
                    before, width, name=f"{name}_short", kernel=1, strides=strides, bare=True
                )
            x = blocks.add(before, x, f"{name}_add")
            x = blocks.activate(x, name)
        return blocks.summarize(x)


@dataclass(frozen=True)
class DsCnn(PictureNet):
    """One convolution that halves the map, then depthwise-separable ones, all of one width (Zhang
    et al. 2017, https://arxiv.org/abs/1711.07128).

    With spectrograms of 49 × 10 and `stem_kernel` (10, 4), the keyword-spotting net of MLPerf Tiny.

    Attributes:
        width: Filters of every convolution.
        depth: How many depthwise-separable convolutions follow the first.
        stem_kernel: Height and width of the first convolution, in pixels.
    """

    width: int = knob(64, 1, 1024)
    depth: int = knob(4, 1, 50)
    stem_kernel: tuple[int, ...] = knob((3, 3), 1, 64, unit="pixels")

    def check(self) -> None:
        super().check()
        if len(self.stem_kernel) != 2:
            raise RecipeError(
                f"build.stem_kernel={self.stem_kernel}",
                expected="height and width",
                fix="--set 'build.stem_kernel=(3, 3)'",
            )

    def tiny(self) -> "DsCnn":
        return replace(self, width=min(self.width, 8), depth=min(self.depth, 2))

    def _shrinking(self):
        return 2

    def _features(self, x, blocks):
        x = blocks.convolve(x, self.width, name="stem", kernel=self.stem_kernel, strides=2)
        for place in range(self.depth):
            x = blocks.separable(x, self.width, name=f"block{place}")
        return blocks.summarize(x)


@dataclass(frozen=True)
class Vit(PictureNet):
    """A vision transformer on patches (Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929)
    in layers that int8 suits.

    These are ReLU, a depthwise convolution over the patches instead of a table of places (Chu et
    al. 2021, https://arxiv.org/abs/2102.10882), the average patch instead of a class token, and
    batch normalization, in each block's wide layer too (Yao et al. 2021). Layer normalization went
    from 0.825 to 0.684 of accuracy in int8 on 8,000 pictures of Fashion-MNIST, this from 0.791 to
    0.787.

    Attributes:
        patch: Side of a patch, in pixels.
        width: Of the vector of each patch.
        depth: How many blocks of attention follow each other.
        heads: How many heads attention has.
    """

    patch: int = knob(4, 1, 64, unit="pixels")
    width: int = knob(64, 4, 1024)
    depth: int = knob(4, 1, 48)
    heads: int = knob(4, 1, 64)

    def check(self) -> None:
        super().check()
        check_heads(self)

    def tiny(self) -> "Vit":
        return replace(self, width=2 * self.heads, depth=1)

    def _shrinking(self):
        return 2 * self.patch

    def _features(self, x, blocks):
        import keras

        layers = keras.layers
        x = blocks.convolve(
            x, self.width, name="patches", kernel=self.patch, strides=self.patch, activate=False
        )
        _, rows, columns, width = x.shape
        place = blocks.depthwise(x, name="place", bare=True)
        x = layers.Add(name="place_add")([x, place])
        x = layers.Reshape((rows * columns, width), name="tokens")(x)
        x = blocks.transform(x, depth=self.depth, heads=self.heads, widening=4, name="")
        x = blocks.normalize(x, "last")
        return layers.GlobalAveragePooling1D(name="average")(x)


def picture_port(signature: Signature, *, smallest: int = 1) -> Port:
    """The one port of pictures. Raises RecipeError where the signature has another kind of input,
    or pictures with a side of fewer than `smallest` pixels.
    """
    port = signature.inputs[0]
    if len(signature.inputs) != 1 or len(port.shape) != 3:
        raise RecipeError(
            "a net for pictures on the inputs "
            f"{[(each.name, each.shape) for each in signature.inputs]}",
            expected="one input of (height, width, channels)",
            fix="use a net for that kind of data",
        )
    if min(port.shape[:2]) < smallest:
        raise RecipeError(
            f"pictures of {port.shape[0]} × {port.shape[1]} pixels",
            expected=f"{smallest} × {smallest} or more for this net",
            fix="load them larger, or build a net that halves the map less often",
        )
    return port


def rounded_width(width: float) -> int:
    """The multiple of 8 nearest to `width`, which kernels like best; never under 8 nor under 0.9 ×
    `width`.
    """
    nearest = max(8, int(width + 4) // 8 * 8)
    if nearest < 0.9 * width:
        return nearest + 8
    return nearest


class PictureBlocks(Blocks):
    """Blocks for maps [rows, height, width, channels]."""

    def summarize(self, x):
        """A map → features [rows, channels]: each channel's average, or its largest value."""
        import keras

        if self.layers.global_pooling == "max":
            return keras.layers.GlobalMaxPooling2D(name="largest")(x)
        return keras.layers.GlobalAveragePooling2D(name="average")(x)

    def convolve(
        self,
        x,
        width: int,
        *,
        name: str,
        kernel: int | tuple[int, ...] = 3,
        strides: int = 1,
        activate: bool = True,
        bare: bool = False,
    ):
        """Convolution, normalization, activation; `bare`: the convolution alone."""
        import keras

        x = keras.layers.Conv2D(
            width,
            kernel,
            strides=strides,
            padding="same",
            name=name,
            use_bias=bare or not self.net.normalization,
            kernel_initializer=self.initializer(),
            kernel_regularizer=self.regularizer(),
        )(x)
        if not bare:
            x = self.normalize(x, name)
        if activate and not bare:
            return self.activate(x, name)
        return x

    def depthwise(self, x, *, name: str, kernel: int = 3, strides: int = 1, bare: bool = False):
        """Depthwise convolution, normalization, activation; `bare`: the convolution alone."""
        import keras

        # Keras counts all channels as inputs of each filter; times their number, the variance is 2
        # / kernel².
        spread = keras.initializers.VarianceScaling(2.0 * x.shape[-1], seed=self.next_seed())
        x = keras.layers.DepthwiseConv2D(
            kernel,
            strides=strides,
            padding="same",
            name=name,
            use_bias=bare or not self.net.normalization,
            depthwise_initializer=spread,
        )(x)
        if bare:
            return x
        return self.activate(self.normalize(x, name), name)

    def separable(self, x, width: int, *, name: str, strides: int = 1):
        """Depthwise convolution of 3 × 3, then one of 1 × 1 to `width`."""
        x = self.depthwise(x, name=f"{name}_depthwise", strides=strides)
        return self.convolve(x, width, name=f"{name}_pointwise", kernel=1)

    def inverted(self, x, width: int, *, name: str, kernel: int, strides: int, expansion: int):
        """An inverted residual block (Sandler et al. 2018, https://arxiv.org/abs/1801.04381):
        expand, depthwise, project, and the input added where the shapes agree.
        """
        before = x
        if expansion > 1:
            x = self.convolve(x, expansion * x.shape[-1], name=f"{name}_expand", kernel=1)
        x = self.depthwise(x, name=f"{name}_depthwise", kernel=kernel, strides=strides)
        x = self.convolve(x, width, name=f"{name}_project", kernel=1, activate=False)
        same = strides == 1 and before.shape[-1] == width
        if same:
            return self.add(before, x, f"{name}_add")
        return x


def refuse_others(net: Network, sketch: DataSketch) -> str:
    """Returns why a net for pictures cannot read the columns, or ""."""
    if sketch.may_have(PICTURE) and not (sketch.is_read and len(sketch.kinds) > 1):
        return ""
    return Refusal(
        f"{type(net).__name__}, a net for pictures, on columns of {sketch.kind_names()}",
        expected="one column of pictures, as LoadFolder() reads it",
        fix="use a net for that kind of data: Mlp() for tables, TextCnn() for texts, SeriesMlp() "
        "for series",
    )
