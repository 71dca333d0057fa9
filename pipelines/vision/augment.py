"""Augmentation of pictures: specs that alter a training batch anew each time, by Keras' own layers.

Every draw comes from the batch's seed and from nothing else, so that a batch is the same bits
whatever the number of threads: the layers' `get_random_transformation` is handed that seed, and
their own generators are never read. Draws are made a picture, not a batch.
"""

import functools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..device.cells import PICTURE, Column
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Augmentation
from ..spec import Refusal, knob

MID_GREY = 127.5
# A number, so that making a layer takes nothing from Python's own generator; float32 whatever the
# policy.
_FIXED = {"seed": 0, "dtype": "float32"}
# pixels float32 [rows, h, w, c] 0..255, labels {name: float32 [rows, outputs]}, seed int [2] →
# pixels, labels
Alter = Callable


@dataclass(frozen=True)
class Augment(Augmentation):
    """One alteration of pictures."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to alter, or ""."""
        if not sketch.may_have(PICTURE):
            return Refusal(
                f"augment holds {self!r} for rows without pictures",
                expected="pictures to alter",
                fix="--set 'augment=()'",
            )
        if not sketch.shape:
            return ""
        try:
            self.check_shape(sketch.shape)
        except RecipeError as error:
            return Refusal(error.received, expected=error.expected, fix=error.fix)
        return ""

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raises RecipeError where it does not suit pictures of that shape, (h, w, c)."""

    @abstractmethod
    def layer(self) -> Alter:
        """Makes its Keras layers, once: the callable (pixels, labels, seed) → (pixels, labels),
        same shapes, pixels within 0..255 but for rounding.
        """

    def check_columns(self, columns: tuple[Column, ...]) -> None:
        """Raises RecipeError where it does not suit the columns of a data set."""
        pictures = [column for column in columns if column.kind == PICTURE]
        if not pictures:
            raise RecipeError(
                f"augment holds {self!r} for rows without pictures",
                expected="pictures to alter",
                fix="--set 'augment=()'",
            )
        self.check_shape(pictures[0].shape)

    @staticmethod
    def compose(specs: Sequence["Augment"], signature: Signature) -> Callable:
        """`augmenter` for a feed that imports no modality: (columns, labels, seed) → (columns,
        labels).
        """
        port = next(port for port in signature.inputs if port.is_picture)
        alter = augmenter(specs, port.shape)

        def alter_columns(columns, labels, seed):
            pixels, labels = alter(columns[port.name], labels, seed)
            return {**columns, port.name: pixels}, labels

        return alter_columns


def augmenter(specs: Sequence[Augment], shape: tuple[int, ...]) -> Alter:
    """All specs in their order as one callable for tf.data's map: (pixels, labels, seed) → (pixels,
    labels).

    pixels: uint8 or float32 [rows, h, w, c] 0..255 → float32, same shape and range; labels: dict of
    float32 [rows, outputs], 0/1, one-hot or soft, changed where pictures are mixed; seed: int32 or
    int64 [2], the batch's own. `shape`: (h, w, c). Raises RecipeError where a spec does not suit
    such pictures.
    """
    import tensorflow as tf

    check_augment(specs, shape)
    steps = _chain([spec.layer() for spec in specs])

    def alter(pixels, labels, seed):
        pixels, labels = steps(tf.cast(pixels, tf.float32), labels, seed)
        return tf.clip_by_value(pixels, 0.0, 255.0), labels

    return alter


def check_augment(specs: Sequence[Augment], shape: tuple[int, ...]) -> None:
    """Raises RecipeError where a spec is no augmentation, or does not suit pictures of that shape,
    (h, w, c).
    """
    for spec in specs:
        if not isinstance(spec, Augment):
            raise RecipeError(
                f"augment holds {spec!r}",
                expected="a tuple of specs from pipelines.vision.augment",
                fix="--set 'augment=(AugmentFlip(),)'",
            )
        spec.check()
        spec.check_shape(shape)


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
        return _chain(
            [
                _driven(keras.layers.RandomFlip(mode, **_FIXED))
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

        return _driven(keras.layers.RandomRotation(self.degrees / 360, **_FIXED))


@dataclass(frozen=True)
class AugmentTranslation(Augment):
    """Moves by up to `share` of the height and of the width; the edge is filled by reflection."""

    share: float = knob(0.1, 0, 1)

    def layer(self):
        import keras

        return _driven(keras.layers.RandomTranslation(self.share, self.share, **_FIXED))


@dataclass(frozen=True)
class AugmentZoom(Augment):
    """Shows 1 - `share` to 1 + `share` of the height and the width; the edge is filled by
    reflection.
    """

    share: float = knob(0.1, 0, 0.9)

    def layer(self):
        import keras

        return _driven(keras.layers.RandomZoom(self.share, **_FIXED))


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

        return _driven(keras.layers.RandomBrightness(self.share, **_FIXED))


@dataclass(frozen=True)
class AugmentContrast(Augment):
    """Multiplies each channel's distance from its mean by 1 - `share` to 1 + `share`."""

    share: float = knob(0.2, 0, 1)

    def layer(self):
        import keras

        return _driven(
            keras.layers.RandomContrast((self.share, self.share), **_FIXED)
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

        turn = _driven(keras.layers.RandomHue(self.share, value_range=(0, 1), **_FIXED))

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

        return _driven(
            keras.layers.RandomErasing(
                (self.rate, self.rate),
                (min(0.02, self.share), self.share),
                fill_value=MID_GREY,
                **_FIXED,
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
                [rows], _fold(seed, len(steps)), 0, len(steps), tf.int32
            )
            places = tf.dynamic_partition(tf.range(rows), drawn, len(steps))
            parts = [
                step(tf.gather(pixels, at), {}, _fold(seed, number))[0]
                for number, (step, at) in enumerate(zip(steps, places, strict=True))
            ]
            return tf.ensure_shape(tf.dynamic_stitch(places, parts), pixels.shape)

        def alter(pixels, labels, seed):
            for number in range(self.num_ops):
                pixels = one_op(pixels, _fold(seed, number))
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

        return _driven(keras.layers.MixUp(self.alpha, **_FIXED), mixes=True)


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
        return _driven(keras.layers.CutMix((self.alpha, self.alpha), **_FIXED), mixes=True)


# What photos of everyday things stand without changing their class, with one resampling only.
STANDARD = (AugmentFlip(), AugmentTranslation(), AugmentBrightness(), AugmentContrast())


def _fold(seed, number):
    import tensorflow as tf

    return tf.random.experimental.stateless_fold_in(seed, number)


@functools.cache
def _seeds_class():
    """A Keras seed generator that holds no variable: its n-th draw is a function of the batch's
    seed and n.
    """
    import keras

    class Seeds(keras.random.SeedGenerator):
        def __init__(self, seed):  # not Keras' own, which makes the variable
            self.seed, self.count = seed, 0

        def next(self, ordered=True):
            self.count += 1
            return _fold(self.seed, self.count)

    return Seeds


def _driven(layer, *, mixes: bool = False) -> Alter:
    """A Keras layer as a callable (pixels, labels, seed); `mixes`: it alters labels too."""
    import tensorflow as tf

    def alter(pixels, labels, seed):
        drawn = layer.get_random_transformation(pixels, seed=_seeds_class()(seed))
        if mixes:
            # Where alpha is small both gamma draws behind a weight can underflow, which Keras
            # divides: 0 / 0.
            weight = drawn["mix_weight"]
            drawn["mix_weight"] = tf.where(tf.math.is_nan(weight), 1.0, weight)
            labels = {name: layer.transform_labels(each, drawn) for name, each in labels.items()}
        return layer.transform_images(pixels, drawn), labels

    return alter


def _chain(steps) -> Alter:
    def alter(pixels, labels, seed):
        for number, step in enumerate(steps):
            pixels, labels = step(pixels, labels, _fold(seed, number))
        return pixels, labels

    return alter


def _rand_steps(magnitude) -> list[Alter]:
    """The operations of RandAugment; ranges at magnitude 1 as in AutoAugment's table 6."""
    import keras

    layers = keras.layers
    gain = 0.9 * magnitude
    return [
        lambda pixels, labels, seed: (pixels, labels),
        _driven(layers.RandomShear(x_factor=0.3 * magnitude, **_FIXED)),
        _driven(layers.RandomShear(y_factor=0.3 * magnitude, **_FIXED)),
        _driven(layers.RandomTranslation(0.0, 0.45 * magnitude, **_FIXED)),
        _driven(layers.RandomTranslation(0.45 * magnitude, 0.0, **_FIXED)),
        _driven(layers.RandomRotation(30 / 360 * magnitude, **_FIXED)),
        _driven(
            layers.RandomBrightness(gain / 2, **_FIXED)
        ),  # added: as far as mid-grey goes by 1 ± gain
        _driven(layers.RandomContrast((gain, gain), **_FIXED)),
        _driven(layers.RandomSharpness((0.5 - gain / 2, 0.5 + gain / 2), **_FIXED)),
        _colour(layers.RandomColorDegeneration((-gain, gain), **_FIXED)),  # below 0: more colour
        _driven(layers.RandomPosterization((8 - round(4 * magnitude), 8), **_FIXED)),
        _solarized(magnitude),
        _one_by_one(layers.AutoContrast(dtype="float32")),
        _one_by_one(layers.Equalization(dtype="float32")),
    ]


def _colour(layer):
    """Pictures of one channel have no colour to lose."""
    step = _driven(layer)
    return lambda pixels, labels, seed: (
        step(pixels, labels, seed) if pixels.shape[3] == 3 else (pixels, labels)
    )


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
