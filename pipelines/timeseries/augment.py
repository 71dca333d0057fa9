"""Augmentation of series: specs that alter a training batch anew each time.

Every draw comes from the batch's seed and from nothing else, as in `vision.augment`; draws are made
a row. Series stand in standard deviations by then. What bends time bends all channels of a row
alike, marks of gaps among them.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..device.cells import SERIES
from ..device.signature import Signature
from ..device.units import CATEGORY_ID, SERIES_INTERVAL, SERIES_STANDARD
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Augmentation
from ..spec import Refusal, knob
from ..tasks import task_of
from ..training.feed import fold_seed

# columns {port: tensor [rows, ...]}, labels {name: float32 [rows, outputs]}, seed int [2] →
# columns, labels
Alter = Callable


@dataclass(frozen=True)
class AugmentSeries(Augmentation):
    """One alteration of series. `keeps_values`: whether what a series goes on with is still true of
    the altered one.
    """

    keeps_values = False

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to alter, or ""."""
        if not sketch.may_have(SERIES):
            return Refusal(
                f"augment holds {self!r} for rows without series",
                expected="series to alter",
                fix="--set 'augment=()'",
            )
        if not self.keeps_values and not sketch.may_be(lambda task: not task.looks_ahead):
            return Refusal(
                f"augment holds {self!r} for a forecast, whose true values would stay as they were",
                expected="AugmentJitter() alone",
                fix="--set 'augment=(AugmentJitter(),)'",
            )
        return ""

    @abstractmethod
    def alter(self, signature: Signature) -> Alter:
        """The callable (columns, labels, seed) → (columns, labels), same shapes."""

    @staticmethod
    def compose(specs: Sequence["AugmentSeries"], signature: Signature) -> Alter:
        """`series_augmenter`, for a feed that imports no modality."""
        return series_augmenter(specs, signature)


def series_augmenter(specs: Sequence[AugmentSeries], signature: Signature) -> Alter:
    """All specs in their order as one callable for tf.data's map: (columns, labels, seed) →
    (columns, labels).

    columns: port → float32 [rows, steps, channels], and what else a row has, which stays; labels:
    dict of float32 [rows, outputs], changed where series are mixed; seed: int32 or int64 [2], the
    batch's own. Raises RecipeError where a spec does not suit the signature.
    """
    import tensorflow as tf

    for spec in specs:
        if not isinstance(spec, AugmentSeries):
            raise RecipeError(
                f"augment holds {spec!r}",
                expected="a tuple of specs from pipelines.timeseries.augment",
                fix="--set 'augment=(AugmentJitter(),)'",
            )
        if task_of(signature.target).looks_ahead and not spec.keeps_values:
            raise RecipeError(
                f"augment holds {spec!r} for a forecast, whose true values would stay as they were",
                expected="AugmentJitter() alone",
                fix="--set 'augment=(AugmentJitter(),)'",
            )
    steps = [spec.alter(signature) for spec in specs]

    def alter(columns, labels, seed):
        for number, step in enumerate(steps):
            changed, labels = step(columns, labels, fold_seed(seed, number))
            columns = {name: tf.ensure_shape(x, columns[name].shape) for name, x in changed.items()}
        return columns, labels

    return alter


def series_sheet(
    specs: Sequence[AugmentSeries],
    signature: Signature,
    columns: dict[str, np.ndarray],
    *,
    seed: int,
    num_forms: int = 3,
) -> dict[str, np.ndarray]:
    """port → float32 [n, 1 + num_forms, steps, channels] of columns [n, ...]: each series, then
    altered forms of it (mixed with others of the n where a spec mixes).
    """
    alter = series_augmenter(specs, signature)
    labels = {"none": np.zeros((len(next(iter(columns.values()))), 1), np.float32)}
    forms = [alter(columns, labels, np.array([seed, form]))[0] for form in range(num_forms)]
    return {
        port.name: np.stack([columns[port.name], *(form[port.name] for form in forms)], axis=1)
        for port in _ports(signature, SERIES_STANDARD)
    }


@dataclass(frozen=True)
class AugmentJitter(AugmentSeries):
    """Adds normal noise to every step (Um et al. 2017, https://arxiv.org/abs/1706.00527).

    Attributes:
        deviation: Of the noise, in standard deviations of the series.
    """

    deviation: float = knob(0.05, 0, 10)
    keeps_values = True

    def alter(self, signature):
        import tensorflow as tf

        def change(x, seed):
            return x + tf.random.stateless_normal(tf.shape(x), seed, stddev=float(self.deviation))

        return _each_value(signature, change)


@dataclass(frozen=True)
class AugmentScaling(AugmentSeries):
    """Multiplies every channel by a number drawn around 1 (Um et al. 2017,
    https://arxiv.org/abs/1706.00527).

    Attributes:
        deviation: The standard deviation of that number.
    """

    deviation: float = knob(0.1, 0, 2)

    def alter(self, signature):
        import tensorflow as tf

        def change(x, seed):
            shape = (tf.shape(x)[0], 1, x.shape[2])
            return x * tf.random.stateless_normal(shape, seed, 1.0, float(self.deviation))

        return _each_value(signature, change)


@dataclass(frozen=True)
class AugmentMagnitudeWarp(AugmentSeries):
    """Multiplies every channel by a smooth curve through numbers drawn around 1 (Um et al. 2017,
    https://arxiv.org/abs/1706.00527).

    Attributes:
        deviation: The standard deviation of these numbers.
        knots: How many numbers the curve goes through.
    """

    deviation: float = knob(0.2, 0, 2)
    knots: int = knob(4, 2, 100)

    def alter(self, signature):
        import tensorflow as tf

        def change(x, seed):
            curves = spline_weights(x.shape[1], self.knots)
            drawn = tf.random.stateless_normal(
                (tf.shape(x)[0], self.knots, x.shape[2]), seed, 1.0, float(self.deviation)
            )
            return x * tf.einsum("sk,rkc->rsc", curves, drawn)

        return _each_value(signature, change)


@dataclass(frozen=True)
class AugmentTimeWarp(AugmentSeries):
    """Lets time run faster here and slower there, by a smooth curve through speeds drawn around 1;
    the first step and the last stay (Um et al. 2017, https://arxiv.org/abs/1706.00527).

    Attributes:
        deviation: The standard deviation of these speeds.
        knots: How many speeds the curve goes through.
    """

    deviation: float = knob(0.2, 0, 2)
    knots: int = knob(4, 2, 100)

    def alter(self, signature):
        import tensorflow as tf

        def places(steps, rows, seed):
            drawn = tf.random.stateless_normal((rows, self.knots), seed, 1.0, float(self.deviation))
            # Never backwards, and never quite still.
            speed = tf.maximum(
                tf.einsum("sk,rk->rs", spline_weights(steps, self.knots), drawn), 0.1
            )
            way = tf.cumsum((speed[:, 1:] + speed[:, :-1]) / 2, axis=1)
            way = tf.pad(way, [[0, 0], [1, 0]])
            return way / way[:, -1:] * (steps - 1)

        return _in_time(signature, places)


@dataclass(frozen=True)
class AugmentWindowSlice(AugmentSeries):
    """Cuts a window out anywhere and stretches it to the old length (Le Guennec et al. 2016,
    https://hal.science/hal-01357973).

    Attributes:
        share: The share of the steps that the window holds.
    """

    share: float = knob(0.9, 0.1, 1)

    def alter(self, signature):
        import tensorflow as tf

        def places(steps, rows, seed):
            start = tf.random.stateless_uniform((rows, 1), seed) * ((1 - self.share) * (steps - 1))
            return start + tf.range(steps, dtype=tf.float32) * self.share

        return _in_time(signature, places)


@dataclass(frozen=True)
class AugmentMixUpSeries(AugmentSeries):
    """Blends each row and its label with another of the batch (Zhang et al. 2017,
    https://arxiv.org/abs/1710.09412).

    Attributes:
        alpha: Of Beta(alpha, alpha), from which each weight is drawn.
    """

    alpha: float = knob(0.2, 0.01, 10)

    def alter(self, signature):
        import tensorflow as tf

        ids = [port.name for port in signature.inputs if port.unit == CATEGORY_ID]
        if ids:
            raise RecipeError(
                f"{self!r} and the category ids {', '.join(ids)}",
                expected="numbers alone: half a category does not exist",
                fix="use EncodeOnehot() instead of EncodeIds()",
            )

        def alter(columns, labels, seed):
            rows = tf.shape(next(iter(columns.values())))[0]
            draws = [
                tf.random.stateless_gamma((rows,), fold_seed(seed, number), self.alpha)
                for number in range(2)
            ]
            share = tf.math.divide_no_nan(draws[0], draws[0] + draws[1])
            # Both draws can underflow where alpha is small.
            share = tf.where(draws[0] + draws[1] > 0, share, 1.0)

            def mix(x):
                own = tf.reshape(share, (-1, *[1] * (len(x.shape) - 1)))
                return own * x + (1 - own) * tf.roll(x, 1, axis=0)

            return (
                {name: mix(x) for name, x in columns.items()},
                {name: mix(y) for name, y in labels.items()},
            )

        return alter


def spline_weights(steps: int, knots: int) -> np.ndarray:
    """float32 [steps, knots]: what each knot's value counts at each step in the natural cubic
    spline through knots that lie evenly from the first step to the last; rows sum to one.
    """
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, steps - 1, knots), np.eye(knots), bc_type="natural")
    return spline(np.arange(steps)).astype(np.float32)


def resampled(x, places):
    """float32 [rows, steps, channels] at places float32 [rows, steps], on straight lines between
    neighbours.
    """
    import tensorflow as tf

    last = x.shape[1] - 1
    before = tf.clip_by_value(tf.floor(places), 0.0, float(max(last - 1, 0)))
    share = tf.clip_by_value(places - before, 0.0, 1.0)[..., None]
    before = tf.cast(before, tf.int32)
    one, other = (tf.gather(x, tf.minimum(before + ahead, last), batch_dims=1) for ahead in (0, 1))
    return one + (other - one) * share


def _each_value(signature, change):
    """Alters the values of each port of series, (x, seed) → x, by draws of its own; marks of gaps
    stay.
    """
    ports = _ports(signature, SERIES_STANDARD)

    def alter(columns, labels, seed):
        changed = {
            port.name: change(columns[port.name], fold_seed(seed, place))
            for place, port in enumerate(ports)
        }
        return {**columns, **changed}, labels

    return alter


def _in_time(signature, places):
    """Moves all series of a row to `places`(steps, rows, seed), which of series of other lengths
    are alike.
    """
    import tensorflow as tf

    ports = _ports(signature, SERIES_STANDARD, SERIES_INTERVAL)

    def alter(columns, labels, seed):
        changed = {}
        for port in ports:
            x = columns[port.name]
            changed[port.name] = resampled(x, places(x.shape[1], tf.shape(x)[0], seed))
        return {**columns, **changed}, labels

    return alter


def _ports(signature, *units):
    return [port for port in signature.inputs if port.unit in units]
