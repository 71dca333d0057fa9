"""Nets that tell whole series apart: convolutions over all steps, of whose answers the average over
time is taken.

They convolve series as pictures of width one, because the converter folds batch normalization and
ReLU into a Conv2D.
"""

from dataclasses import dataclass, replace

from ..errors import RecipeError
from ..spec import knob
from .networks import SeriesNet, tiny_widths


@dataclass(frozen=True)
class ConvolutionalNet(SeriesNet):
    """The knobs that nets of convolutions share.

    Attributes:
        normalization: Whether batch normalization follows each convolution.
    """

    initializer: str = "HeUniform"
    activation: str = "relu"
    normalization: bool = True

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        steps, channels = x.shape[1:]
        reshape = layers.Reshape((steps, 1, channels), name=f"{name}_steps")
        pictures = reshape(x)
        maps = self._maps(pictures, blocks, name)
        if blocks.layers.global_pooling == "max":
            return layers.GlobalMaxPooling2D(name=f"{name}_largest")(maps)
        average = layers.GlobalAveragePooling2D(name=f"{name}_average")
        return average(maps)

    def maps_of(self, model, place: int):
        """Returns what a member of a model averages over time, [rows, steps, 1, width]."""
        ends = (f"member{place}_average", f"member{place}_largest")
        pooling = next(layer for layer in model.layers if layer.name in ends)
        return pooling.input

    def _convolve(self, x, blocks, width, kernel, *, name):
        """Returns a convolution over `kernel` steps and batch normalization, [rows, steps, 1,
        width].
        """
        import keras

        convolution = keras.layers.Conv2D(
            width,
            (kernel, 1),
            padding="same",
            use_bias=not self.normalization,
            name=f"{name}_conv",
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )
        x = convolution(x)
        return blocks.normalize(x, name)


@dataclass(frozen=True)
class SeriesFcn(ConvolutionalNet):
    """The fully convolutional net: convolutions, each with batch normalization and ReLU (Wang et
    al. 2017, https://arxiv.org/abs/1611.06455).

    The paper's widths are 128, 256, 128.

    Attributes:
        widths: Filters of the convolutions, one after the other.
        kernels: How many steps each convolution reads.
    """

    widths: tuple[int, ...] = knob((32, 64, 32), 1, 1024)
    kernels: tuple[int, ...] = knob((8, 5, 3), 1, 1000, unit="steps")

    def check(self) -> None:
        super().check()
        _check_pairs(self.widths, self.kernels)

    def tiny(self) -> "SeriesFcn":
        return replace(
            self,
            widths=tiny_widths(self.widths),
            num_members=min(self.num_members, 2),
        )

    def _maps(self, x, blocks, name):
        pairs = zip(self.widths, self.kernels, strict=True)
        for depth, (width, kernel) in enumerate(pairs):
            block = f"{name}_block{depth}"
            x = self._convolve(x, blocks, width, kernel, name=block)
            x = blocks.activate(x, block)
        return x


@dataclass(frozen=True)
class SeriesResNet(ConvolutionalNet):
    """Residual blocks of convolutions, with what the block read added before its last ReLU (Wang et
    al. 2017, https://arxiv.org/abs/1611.06455).

    The paper's widths are 64, 128, 128.

    Attributes:
        widths: Filters of the blocks, one after the other.
        kernels: How many steps each convolution of a block reads.
    """

    widths: tuple[int, ...] = knob((24, 32, 32), 1, 1024)
    kernels: tuple[int, ...] = knob((8, 5, 3), 1, 1000, unit="steps")

    def check(self) -> None:
        super().check()
        _check_pairs(self.widths, self.widths)
        _check_pairs(self.kernels, self.kernels)

    def tiny(self) -> "SeriesResNet":
        return replace(
            self,
            widths=tiny_widths(self.widths[:2]),
            kernels=self.kernels[-2:],
            num_members=min(self.num_members, 2),
        )

    def _maps(self, x, blocks, name):
        last = len(self.kernels) - 1
        for depth, width in enumerate(self.widths):
            block = f"{name}_block{depth}"
            shortcut = x
            for place, kernel in enumerate(self.kernels):
                layer = f"{block}_{place}"
                x = self._convolve(x, blocks, width, kernel, name=layer)
                if place < last:
                    x = blocks.activate(x, layer)
            if shortcut.shape[-1] != width:
                shortcut = self._convolve(
                    shortcut,
                    blocks,
                    width,
                    1,
                    name=f"{block}_widen",
                )
            x = blocks.add(shortcut, x, f"{block}_add")
            x = blocks.activate(x, block)
        return x


@dataclass(frozen=True)
class InceptionTime(ConvolutionalNet):
    """Modules of convolutions of several lengths side by side with the largest of three steps,
    every third with what stood three before it added (Ismail Fawaz et al. 2020,
    https://arxiv.org/abs/1909.04939).

    The paper: width 32, five members.

    Attributes:
        width: Filters of each branch of a module.
        depth: How many modules follow each other.
        kernels: How many steps the branches read.
        bottleneck: Filters of the convolution over one step before the branches.
    """

    width: int = knob(12, 1, 512)
    depth: int = knob(6, 1, 24)
    kernels: tuple[int, ...] = knob((39, 19, 9), 1, 1000, unit="steps")
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
        before = x
        for depth in range(self.depth):
            module = f"{name}_module{depth}"
            x = self._module(x, blocks, module)
            if depth % 3 == 2:
                width = x.shape[-1]
                shortcut = self._convolve(
                    before,
                    blocks,
                    width,
                    1,
                    name=f"{module}_shortcut",
                )
                x = blocks.add(shortcut, x, f"{module}_add")
                x = blocks.activate(x, f"{module}_sum")
                before = x
        return x

    def _module(self, x, blocks, name):
        """Returns the branches of a module side by side."""
        import keras

        layers = keras.layers
        narrow = x
        if x.shape[-1] > 1:
            bottleneck = layers.Conv2D(
                self.bottleneck,
                1,
                use_bias=False,
                name=f"{name}_bottleneck",
                kernel_initializer=blocks.initializer(),
            )
            narrow = bottleneck(x)
        kind = layers.MaxPooling2D
        if blocks.layers.pooling == "average":
            kind = layers.AveragePooling2D
        pool = kind(
            (3, 1),
            strides=1,
            padding="same",
            name=f"{name}_largest",
        )
        pooled = pool(x)
        branches = []
        for kernel in self.kernels:
            branch = self._branch(narrow, blocks, kernel, f"{name}_over{kernel}")
            branches.append(branch)
        branches.append(self._branch(pooled, blocks, 1, f"{name}_largest"))
        # Each branch normalized by itself is the same as all normalized side by side, and folds
        # into them.
        return blocks.joined(branches, name)

    def _branch(self, x, blocks, kernel, name):
        x = self._convolve(x, blocks, self.width, kernel, name=name)
        return blocks.activate(x, name)


@dataclass(frozen=True)
class LstmFcn(SeriesFcn):
    """The fully convolutional net, and next to it an LSTM whose newest answer joins the features
    (Karim et al. 2018, https://arxiv.org/abs/1709.05206).

    Attributes:
        units: Of the LSTM.
        shuffled: Whether the LSTM reads channel after channel, of each all steps at once, as in the
            paper, rather than step after step.
        lstm_dropout: The share of the LSTM's answer that is dropped.
    """

    units: int = knob(8, 1, 512)
    shuffled: bool = True
    lstm_dropout: float = knob(0.8, 0, 0.95)

    def _features(self, x, blocks, name):
        import keras

        layers = keras.layers
        lstm = f"{name}_lstm"
        sequence = x
        if self.shuffled:
            permute = layers.Permute((2, 1), name=f"{name}_channels")
            sequence = permute(x)
        states = blocks.recur(sequence, "LSTM", self.units, name=lstm)
        newest = blocks.newest(states, lstm)
        if self.lstm_dropout:
            drop = layers.Dropout(
                self.lstm_dropout, seed=blocks.next_seed(), name=f"{lstm}_dropout"
            )
            newest = drop(newest)
        features = super()._features(x, blocks, name)
        return blocks.joined([features, newest], f"{name}_both")


def _check_pairs(widths, kernels):
    if not widths or len(widths) != len(kernels):
        raise RecipeError(
            f"build with {len(widths)} widths and {len(kernels)} kernels",
            expected="one or more, a kernel for each width",
            fix="--set 'build.widths=(32, 64, 32)' and 'build.kernels=(8, 5, 3)'",
        )
