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
    Alter,
    Augment,
    augmenter,
    chain,
    colour_layer,
    driven,
)


def sheet(
    specs: Sequence[Augment], pixels: np.ndarray, *, seed: int, num_forms: int = 5
) -> np.ndarray:
    """uint8 [n, h, w, c] → uint8 [n, 1 + num_forms, h, w, c]: each picture, then altered forms of
    it (mixed with other pictures of the n where a spec mixes).
    """
    alter = augmenter(specs, pixels.shape[1:])
    labels = {"none": np.zeros((len(pixels), 1), np.float32)}
    forms = [np.rint(alter(pixels, labels, np.array([seed, form]))[0]) for form in range(num_forms)]
    return np.stack([pixels, *forms], axis=1).astype(np.uint8)


@dataclass(frozen=True)
class AugmentFlip(Augment):
    """Mirrors every second picture, along each of the axes chosen."""

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
    """Turns by up to `degrees` either way; the corners are filled by reflection."""

    degrees: float = knob(10.0, 0, 180)

    def layer(self):
        import keras

        return driven(keras.layers.RandomRotation(self.degrees / 360, **FIXED))


@dataclass(frozen=True)
class AugmentTranslation(Augment):
    """Moves by up to `share` of the height and of the width; the edge is filled by reflection."""

    share: float = knob(0.1, 0, 1)

    def layer(self):
        import keras

        return driven(keras.layers.RandomTranslation(self.share, self.share, **FIXED))


@dataclass(frozen=True)
class AugmentZoom(Augment):
    """Shows 1 - `share` to 1 + `share` of the height and the width; the edge is filled by
    reflection.
    """

    share: float = knob(0.1, 0, 0.9)

    def layer(self):
        import keras

        return driven(keras.layers.RandomZoom(self.share, **FIXED))


@dataclass(frozen=True)
class AugmentCrop(Augment):
    """Pads every side by `pixels`, with zeros or by reflection, and cuts the old size out anywhere
    (Lee et al. 2015, https://arxiv.org/abs/1409.5185; the standard augmentation of CIFAR-10).
    """

    pixels: int = knob(4, 1, 1024)
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
    """Adds up to `share` of the range of pixels, or takes it away."""

    share: float = knob(0.2, 0, 1)

    def layer(self):
        import keras

        return driven(keras.layers.RandomBrightness(self.share, **FIXED))


@dataclass(frozen=True)
class AugmentContrast(Augment):
    """Multiplies each channel's distance from its mean by 1 - `share` to 1 + `share`."""

    share: float = knob(0.2, 0, 1)

    def layer(self):
        import keras

        return driven(
            keras.layers.RandomContrast((self.share, self.share), **FIXED)
        )  # one number: more, never less


@dataclass(frozen=True)
class AugmentHue(Augment):
    """Turns hues by up to `share` of half the colour circle, either way."""

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
    """Adds normal noise of a standard deviation of `levels` (of 255) to every pixel and channel."""

    levels: float = knob(8.0, 0, 255)

    def layer(self):
        import tensorflow as tf

        def alter(pixels, labels, seed):
            # Keras' GaussianNoise reads a generator of its own and cannot be handed a seed.
            noise = tf.random.stateless_normal(tf.shape(pixels), seed, stddev=float(self.levels))
            return tf.clip_by_value(pixels + noise, 0.0, 255.0), labels

        return alter


@dataclass(frozen=True)
class AugmentErasing(Augment):
    """Paints a rectangle of up to `share` of the area mid-grey, in `rate` of the pictures (Zhong et
    al. 2017, https://arxiv.org/abs/1708.04896).
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
    """`num_ops` of fourteen operations a picture, one after the other, each as strong as up to
    `magnitude` of its range (RandAugment, Cubuk et al. 2019, https://arxiv.org/abs/1909.13719; the
    operations and ranges are those of AutoAugment, https://arxiv.org/abs/1805.09501). Evening out
    the histogram and stretching the contrast have no magnitude.
    """

    num_ops: int = knob(2, 1, 14)
    magnitude: float = knob(0.5, 0, 1)

    def layer(self):
        # Keras' RandAugment ignores the seed it is given, draws one operation for a whole batch,
        # computes all of them each time, turns up to 180 degrees and inverts at magnitude 0; so
        # only its operations are used.
        import tensorflow as tf

        steps = _rand_steps(self.magnitude)

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
    """Blends each picture and its label with another of the batch, by a weight drawn from
    Beta(`alpha`, `alpha`) (Zhang et al. 2017, https://arxiv.org/abs/1710.09412).
    """

    alpha: float = knob(0.2, 0.01, 10)

    def layer(self):
        import keras

        return driven(keras.layers.MixUp(self.alpha, **FIXED), mixes=True)


@dataclass(frozen=True)
class AugmentCutMix(Augment):
    """Pastes a rectangle of another picture of the batch, whose share of the area is drawn from
    Beta(`alpha`, `alpha`), and mixes the labels by that share (Yun et al. 2019,
    https://arxiv.org/abs/1905.04899).
    """

    alpha: float = knob(1.0, 0.01, 1)

    def layer(self):
        import keras

        # One number would draw an alpha of 0 to that number for each batch.
        return driven(keras.layers.CutMix((self.alpha, self.alpha), **FIXED), mixes=True)


# What photos of everyday things stand without changing their class, with one resampling only.
STANDARD = (AugmentFlip(), AugmentTranslation(), AugmentBrightness(), AugmentContrast())


def _rand_steps(magnitude) -> list[Alter]:
    """The operations of RandAugment; ranges at magnitude 1 as in AutoAugment's table 6."""
    import keras

    layers = keras.layers
    gain = 0.9 * magnitude
    return [
        lambda pixels, labels, seed: (pixels, labels),
        driven(layers.RandomShear(x_factor=0.3 * magnitude, **FIXED)),
        driven(layers.RandomShear(y_factor=0.3 * magnitude, **FIXED)),
        driven(layers.RandomTranslation(0.0, 0.45 * magnitude, **FIXED)),
        driven(layers.RandomTranslation(0.45 * magnitude, 0.0, **FIXED)),
        driven(layers.RandomRotation(30 / 360 * magnitude, **FIXED)),
        driven(
            layers.RandomBrightness(gain / 2, **FIXED)
        ),  # added: as far as mid-grey goes by 1 ± gain
        driven(layers.RandomContrast((gain, gain), **FIXED)),
        driven(layers.RandomSharpness((0.5 - gain / 2, 0.5 + gain / 2), **FIXED)),
        colour_layer(
            layers.RandomColorDegeneration((-gain, gain), **FIXED)
        ),  # below 0: more colour
        driven(layers.RandomPosterization((8 - round(4 * magnitude), 8), **FIXED)),
        _solarized(magnitude),
        _one_by_one(layers.AutoContrast(dtype="float32")),
        _one_by_one(layers.Equalization(dtype="float32")),
    ]


def _solarized(magnitude):
    """Inverts pixels from a threshold on; Keras' Solarization lets the threshold's lower end be 0
    or 1 of 255 only.
    """
    import tensorflow as tf

    def alter(pixels, labels, seed):
        shape = (tf.shape(pixels)[0], 1, 1, 1)
        threshold = tf.random.stateless_uniform(shape, seed, 256.0 * (1 - magnitude), 256.0)
        return tf.where(pixels < threshold, pixels, 255.0 - pixels), labels

    return alter


def _one_by_one(layer):
    """A Keras layer that is handed one picture at a time: Equalization makes one histogram of all
    that it is given, AutoContrast refuses to be given none.
    """
    import tensorflow as tf

    def alter(pixels, labels, seed):
        one = tf.TensorSpec(pixels.shape[1:], tf.float32)
        return tf.map_fn(
            lambda picture: layer.transform_single_image(picture, None),
            pixels,
            fn_output_signature=one,
        ), labels

    return alter
