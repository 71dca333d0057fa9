"""Nets that tell whole series apart: convolutions over all steps, of whose answers the average over
time is taken.

They convolve series as pictures of width one, because the converter folds batch normalization and
ReLU into a Conv2D.
"""

from dataclasses import dataclass, replace

from ..errors import RecipeError
from ..spec import knob
from .networks import SeriesNet


@dataclass(frozen=True)
class ConvolutionalNet(SeriesNet):
    """The knobs that nets of convolutions share. `normalization`: whether batch normalization
    follows each.
    """

    initializer: str = "HeUniform"
    activation: str = "relu"
    normalization: bool = True

    def _features(self, x, blocks, name):
        import keras

        steps, channels = x.shape[1:]
        x = self._maps(
            keras.layers.Reshape((steps, 1, channels), name=f"{name}_steps")(x), blocks, name
        )
        return keras.layers.GlobalAveragePooling2D(name=f"{name}_average")(x)

    def _convolve(self, x, blocks, width, kernel, *, name):
        """A convolution over `kernel` steps and batch normalization: [rows, steps, 1, width]."""
        import keras

        x = keras.layers.Conv2D(
            width,
            (kernel, 1),
            padding="same",
            use_bias=not self.normalization,
            name=f"{name}_conv",
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )(x)
        return blocks.normalize(x, name)


@dataclass(frozen=True)
class SeriesFcn(ConvolutionalNet):
    """The fully convolutional net (Wang et al. 2017, https://arxiv.org/abs/1611.06455): a
    convolution of `widths` over `kernels` steps each, batch normalization, ReLU. The paper's widths
    are 128, 256, 128.
    """

    widths: tuple[int, ...] = knob((32, 64, 32), 1, 1024)
    kernels: tuple[int, ...] = knob((8, 5, 3), 1, 1000)

    def check(self) -> None:
        super().check()
        _check_pairs(self.widths, self.kernels)

    def tiny(self) -> "SeriesFcn":
        return replace(
            self,
            widths=tuple(min(width, 8) for width in self.widths),
            num_members=min(self.num_members, 2),
        )

    def _maps(self, x, blocks, name):
        for depth, (width, kernel) in enumerate(zip(self.widths, self.kernels, strict=True)):
            each = f"{name}_block{depth}"
            x = blocks.activate(self._convolve(x, blocks, width, kernel, name=each), each)
        return x


@dataclass(frozen=True)
class SeriesResNet(ConvolutionalNet):
    """Residual blocks of `widths`, each of convolutions over `kernels` steps, with what the block
    read added before its last ReLU (Wang et al. 2017, https://arxiv.org/abs/1611.06455). The
    paper's widths are 64, 128, 128.
    """

    widths: tuple[int, ...] = knob((24, 32, 32), 1, 1024)
    kernels: tuple[int, ...] = knob((8, 5, 3), 1, 1000)

    def check(self) -> None:
        super().check()
        _check_pairs(self.widths, self.widths)
        _check_pairs(self.kernels, self.kernels)

    def tiny(self) -> "SeriesResNet":
        return replace(
            self,
            widths=tuple(min(width, 8) for width in self.widths[:2]),
            kernels=self.kernels[-2:],
            num_members=min(self.num_members, 2),
        )

    def _maps(self, x, blocks, name):
        import keras

        for depth, width in enumerate(self.widths):
            each = f"{name}_block{depth}"
            before = x
            for place, kernel in enumerate(self.kernels):
                x = self._convolve(x, blocks, width, kernel, name=f"{each}_{place}")
                if place + 1 < len(self.kernels):
                    x = blocks.activate(x, f"{each}_{place}")
            if before.shape[-1] != width:
                before = self._convolve(before, blocks, width, 1, name=f"{each}_widen")
            x = blocks.activate(keras.layers.Add(name=f"{each}_add")([x, before]), each)
        return x


@dataclass(frozen=True)
class InceptionTime(ConvolutionalNet):
    """`depth` modules, each of convolutions over `kernels` steps side by side with the largest of
    three steps, every third with what stood three before it added (Ismail Fawaz et al. 2020,
    https://arxiv.org/abs/1909.04939). `width` of each branch; `bottleneck`, of the convolution over
    one step before them. The paper: width 32, five members.
    """

    width: int = knob(12, 1, 512)
    depth: int = knob(6, 1, 24)
    kernels: tuple[int, ...] = knob((39, 19, 9), 1, 1000)
    bottleneck: int = knob(12, 1, 512)

    def check(self) -> None:
        super().check()
        _check_pairs(self.kernels, self.kernels)

    def tiny(self) -> "InceptionTime":
        return replace(
            self,
            width=4,
            depth=3,
            bottleneck=4,
            kernels=self.kernels[-2:],
            num_members=min(self.num_members, 2),
        )

    def _maps(self, x, blocks, name):
        import keras

        layers = keras.layers
        before = x
        for depth in range(self.depth):
            each = f"{name}_module{depth}"
            narrow = x
            if x.shape[-1] > 1:
                narrow = layers.Conv2D(
                    self.bottleneck,
                    1,
                    use_bias=False,
                    name=f"{each}_bottleneck",
                    kernel_initializer=blocks.initializer(),
                )(x)
            largest = layers.MaxPooling2D(
                (3, 1), strides=1, padding="same", name=f"{each}_largest"
            )(x)
            parts = [
                self._branch(narrow, blocks, kernel, f"{each}_over{kernel}")
                for kernel in self.kernels
            ]
            # Each branch normalized by itself is the same as all normalized side by side, and folds
            # into them.
            x = blocks.joined([*parts, self._branch(largest, blocks, 1, f"{each}_largest")], each)
            if depth % 3 == 2:
                shortcut = self._convolve(before, blocks, x.shape[-1], 1, name=f"{each}_shortcut")
                x = before = blocks.activate(
                    layers.Add(name=f"{each}_add")([x, shortcut]), f"{each}_sum"
                )
        return x

    def _branch(self, x, blocks, kernel, name):
        return blocks.activate(self._convolve(x, blocks, self.width, kernel, name=name), name)


@dataclass(frozen=True)
class LstmFcn(SeriesFcn):
    """The fully convolutional net, and next to it an LSTM of `units` whose newest answer joins the
    features (Karim et al. 2018, https://arxiv.org/abs/1709.05206). `shuffled`, as in the paper: the
    LSTM reads channel after channel, of each all steps at once, rather than step after step.
    `lstm_dropout`: of its output.
    """

    units: int = knob(8, 1, 512)
    shuffled: bool = True
    lstm_dropout: float = knob(0.8, 0, 0.95)

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        if self.shuffled:
            read = layers.Permute((2, 1), name=f"{name}_channels")(x)
        else:
            read = x
        said = blocks.newest(
            blocks.recur(read, "LSTM", self.units, name=f"{name}_lstm"), f"{name}_lstm"
        )
        if self.lstm_dropout:
            said = layers.Dropout(
                self.lstm_dropout, seed=blocks.next_seed(), name=f"{name}_lstm_dropout"
            )(said)
        return blocks.joined([super()._features(x, blocks, name), said], f"{name}_both")


def _check_pairs(widths, kernels):
    if not widths or len(widths) != len(kernels):
        raise RecipeError(
            f"build with {len(widths)} widths and {len(kernels)} kernels",
            expected="one or more, a kernel for each width",
            fix="--set 'build.widths=(32, 64, 32)' and 'build.kernels=(8, 5, 3)'",
        )
