"""Augmentation of pictures: specs that alter a training batch anew each time, by Keras' own layers.

Every draw comes from the batch's seed and from nothing else, so that a batch is the same bits
whatever the number of threads: the layers' `get_random_transformation` is handed that seed, and
their own generators are never read. Draws are made a picture, not a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import RecipeError
from ..spec import knob
from ..training.feed import fold_seed
from .augment_layers import (
    FIXED,
    MID_GREY,
    Augment,
    augmenter,
    chain,
    driven,
)
from .rand_operations import rand_operations


def sheet(
    specs: Sequence[Augment], pixels: np.ndarray, *, seed: int, num_forms: int = 5
) -> np.ndarray:
    """Returns pictures next to altered forms of them, for the report.

    Args:
        specs: Of this module.
        pixels: uint8 [n, height, width, channels].
        seed: Of the draws.
        num_forms: How many altered forms each picture has.

    Returns:
        uint8 [n, 1 + num_forms, height, width, channels]: each picture, then altered forms of it,
        mixed with other pictures of the n if a spec mixes.
    """
    alter = augmenter(specs, pixels.shape[1:])
    labels = {"none": np.zeros((len(pixels), 1), np.float32)}
    forms = [pixels]
    for form in range(num_forms):
        form_seed = np.array([seed, form])
        altered, _ = alter(pixels, labels, form_seed)
        forms.append(np.rint(altered))
    sheets = np.stack(forms, axis=1)
    return sheets.astype(np.uint8)


@dataclass(frozen=True)
class AugmentFlip(Augment):
    """Mirrors every second picture, along each of the axes chosen.

    Attributes:
        horizontal: Whether left and right change places.
        vertical: Whether top and bottom change places.
    """

    horizontal: bool = True
    vertical: bool = False

    def check(self):
        if not (self.horizontal or self.vertical):
            raise RecipeError(
                "AugmentFlip along no axis",
                expected="horizontal=True or vertical=True",
                fix="choose an axis, or leave AugmentFlip out",
            )

    def layer(self):
        import keras

        # One layer an axis: Keras' "horizontal_and_vertical" takes one draw for both, which is a
        # half turn.
        return chain(
            [
                driven(keras.layers.RandomFlip(mode, **FIXED))
                for mode, chosen in (("horizontal", self.horizontal), ("vertical", self.vertical))
                if chosen
            ]
        )


@dataclass(frozen=True)
class AugmentRotation(Augment):
    """Turns pictures either way; the corners are filled by reflection.

    Attributes:
        degrees: The largest angle, in degrees.
    """

    degrees: float = knob(10.0, 0, 180, unit="degrees")

    def layer(self):
        import keras

        return driven(keras.layers.RandomRotation(self.degrees / 360, **FIXED))


@dataclass(frozen=True)
class AugmentTranslation(Augment):
    """Moves pictures; the edge is filled by reflection.

    Attributes:
        share: The farthest way, as a share of the height and of the width.
    """

    share: float = knob(0.1, 0, 1)

    def layer(self):
        import keras

        return driven(keras.layers.RandomTranslation(self.share, self.share, **FIXED))


@dataclass(frozen=True)
class AugmentZoom(Augment):
    """Shows more or less of pictures; the edge is filled by reflection.

    Attributes:
        share: By how much, as a share of the height and of the width: 1 - share to 1 + share are
            shown.
    """

    share: float = knob(0.1, 0, 0.9)

    def layer(self):
        import keras

        return driven(keras.layers.RandomZoom(self.share, **FIXED))


@dataclass(frozen=True)
class AugmentCrop(Augment):
    """Pads every side and cuts the old size out anywhere (Lee et al. 2015,
    https://arxiv.org/abs/1409.5185; the standard augmentation of CIFAR-10).

    Attributes:
        pixels: How many pixels are added on every side.
        reflect: Whether they mirror the picture; else they are zeros.
    """

    pixels: int = knob(4, 1, 1024, unit="pixels")
    reflect: bool = False

    def check_shape(self, shape):
        if self.reflect and self.pixels >= min(shape[:2]):
            raise RecipeError(
                f"AugmentCrop reflects {self.pixels} pixels "
                f"of pictures of {shape[0]} by {shape[1]}",
                expected=f"at most {min(shape[:2]) - 1}",
                fix="lower pixels, or set reflect=False",
            )

    def layer(self):
        import tensorflow as tf

        pads = [[0, 0], [self.pixels] * 2, [self.pixels] * 2, [0, 0]]

        def alter(pixels, labels, seed):
            # Keras' RandomCrop cuts a whole batch at one place.
            corners = tf.random.stateless_uniform(
                (tf.shape(pixels)[0], 2), seed, 0, 2 * self.pixels + 1, tf.int32
            )
            padded = tf.pad(pixels, pads, "REFLECT" if self.reflect else "CONSTANT")
            cut = tf.image.extract_glimpse(
                padded,
                pixels.shape[1:3],
                tf.cast(corners, tf.float32),
                centered=False,
                normalized=False,
                noise="zero",
            )
            return cut, labels

        return alter


@dataclass(frozen=True)
class AugmentBrightness(Augment):
    """Adds a number to all pixels, or takes it away.

    Attributes:
        share: The largest number, as a share of the range of pixels.
    """

    share: float = knob(0.2, 0, 1)

    def layer(self):
        import keras

        return driven(keras.layers.RandomBrightness(self.share, **FIXED))


@dataclass(frozen=True)
class AugmentContrast(Augment):
    """Multiplies each channel's distance from its mean.

    Attributes:
        share: By how much: the factor is 1 - share to 1 + share.
    """

    share: float = knob(0.2, 0, 1)

    def layer(self):
        import keras

        return driven(
            keras.layers.RandomContrast((self.share, self.share), **FIXED)
        )  # one number: more, never less


@dataclass(frozen=True)
class AugmentHue(Augment):
    """Turns hues either way.

    Attributes:
        share: The largest turn, as a share of half the colour circle.
    """

    share: float = knob(0.1, 0, 1)

    def check_shape(self, shape):
        if shape[2] != 3:
            raise RecipeError(
                f"AugmentHue on pictures of {shape[2]} channels",
                expected="3 channels: red, green, blue",
                fix="leave AugmentHue out",
            )

    def layer(self):
        import keras

        turn = driven(keras.layers.RandomHue(self.share, value_range=(0, 1), **FIXED))

        def alter(pixels, labels, seed):
            # Keras would divide by 255, which TensorFlow's optimizer makes a product in some
            # graphs: other last bits.
            shares, labels = turn(pixels * (1 / 255), labels, seed)
            return shares * 255.0, labels

        return alter


@dataclass(frozen=True)
class AugmentNoise(Augment):
    """Adds normal noise to every pixel and channel.

    Attributes:
        levels: Its standard deviation, in levels of 255.
    """

    levels: float = knob(8.0, 0, 255)

    def layer(self):
        import tensorflow as tf

        def alter(pixels, labels, seed):
            # Keras' GaussianNoise reads a generator of its own and cannot be handed a seed.
            noise = tf.random.stateless_normal(
                tf.shape(pixels),
                seed,
                stddev=float(self.levels),
            )
            return tf.clip_by_value(pixels + noise, 0.0, 255.0), labels

        return alter


@dataclass(frozen=True)
class AugmentErasing(Augment):
    """Paints a rectangle mid-grey (Zhong et al. 2017, https://arxiv.org/abs/1708.04896).

    Attributes:
        share: The largest area, as a share of the picture's.
        rate: The share of pictures that is painted on.
    """

    share: float = knob(0.2, 0, 1)
    rate: float = knob(0.5, 0, 1)

    def layer(self):
        import keras

        return driven(
            keras.layers.RandomErasing(
                (self.rate, self.rate),
                (min(0.02, self.share), self.share),
                fill_value=MID_GREY,
                **FIXED,
            )
        )


@dataclass(frozen=True)
class AugmentRand(Augment):
    """Applies some of fourteen operations to each picture, one after the other (RandAugment, Cubuk
    et al. 2019, https://arxiv.org/abs/1909.13719).

    The operations and ranges are those of AutoAugment (https://arxiv.org/abs/1805.09501). Evening
    out the histogram and stretching the contrast have no magnitude.

    Attributes:
        num_ops: How many operations a picture goes through.
        magnitude: How strong each may be, as a share of its range.
    """

    num_ops: int = knob(2, 1, 14)
    magnitude: float = knob(0.5, 0, 1)

    def layer(self):
        # Keras' RandAugment ignores the seed it is given, draws one operation for a whole batch,
        # computes all of them each time, turns up to 180 degrees and inverts at magnitude 0; so
        # only its operations are used.
        import tensorflow as tf

        steps = rand_operations(self.magnitude)

        def one_op(pixels, seed):
            """Each picture through the step it drew: a step sees its own pictures only."""
            rows = tf.shape(pixels)[0]
            drawn = tf.random.stateless_uniform(
                [rows], fold_seed(seed, len(steps)), 0, len(steps), tf.int32
            )
            places = tf.dynamic_partition(tf.range(rows), drawn, len(steps))
            parts = [
                step(tf.gather(pixels, at), {}, fold_seed(seed, number))[0]
                for number, (step, at) in enumerate(zip(steps, places, strict=True))
            ]
            return tf.ensure_shape(tf.dynamic_stitch(places, parts), pixels.shape)

        def alter(pixels, labels, seed):
            for number in range(self.num_ops):
                pixels = one_op(pixels, fold_seed(seed, number))
            return pixels, labels

        return alter


@dataclass(frozen=True)
class AugmentMixUp(Augment):
    """Blends each picture and its label with another of the batch (Zhang et al. 2017,
    https://arxiv.org/abs/1710.09412).

    Attributes:
        alpha: Of Beta(alpha, alpha), from which each weight is drawn.
    """

    alpha: float = knob(0.2, 0.01, 10)

    def layer(self):
        import keras

        return driven(keras.layers.MixUp(self.alpha, **FIXED), mixes=True)


@dataclass(frozen=True)
class AugmentCutMix(Augment):
    """Pastes a rectangle of another picture of the batch, and mixes the labels by its share of the
    area (Yun et al. 2019, https://arxiv.org/abs/1905.04899).

    Attributes:
        alpha: Of Beta(alpha, alpha), from which each share is drawn.
    """

    alpha: float = knob(1.0, 0.01, 1)

    def layer(self):
        import keras

        # One number would draw an alpha of 0 to that number for each batch.
        return driven(keras.layers.CutMix((self.alpha, self.alpha), **FIXED), mixes=True)


# What photos of everyday things stand without changing their class, with one resampling only.
STANDARD = (AugmentFlip(), AugmentTranslation(), AugmentBrightness(), AugmentContrast())
