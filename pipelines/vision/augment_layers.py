"""From specs of augmentation to one callable for a batch, every draw by the batch's seed."""

import functools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..device.cells import PICTURE
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Augmentation
from ..spec import Refusal
from ..training.feed import fold_seed

MID_GREY = 127.5
# A number, so that making a layer takes nothing from Python's own generator; float32 whatever the
# policy.
FIXED = {"seed": 0, "dtype": "float32"}
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
    steps = chain([spec.layer() for spec in specs])

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
            return fold_seed(self.seed, self.count)

    return Seeds


def driven(layer, *, mixes: bool = False) -> Alter:
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


def chain(steps) -> Alter:
    def alter(pixels, labels, seed):
        for number, step in enumerate(steps):
            pixels, labels = step(pixels, labels, fold_seed(seed, number))
        return pixels, labels

    return alter


def colour_layer(layer):
    """Pictures of one channel have no colour to lose."""
    step = driven(layer)
    return lambda pixels, labels, seed: (
        step(pixels, labels, seed) if pixels.shape[3] == 3 else (pixels, labels)
    )
