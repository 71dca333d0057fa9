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
from .warp import resampled, spline_weights

MIN_SPEED = 0.1  # never backwards, and never quite still
# columns {port: tensor [rows, ...]}, labels {name: float32 [rows, outputs]}, seed int [2] →
# columns, labels
Alter = Callable


@dataclass(frozen=True)
class AugmentSeries(Augmentation):
    """One alteration of series.

    Attributes:
        keeps_values: Whether what a series goes on with is still true of the altered one.
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
        if self.keeps_values:
            return ""
        if sketch.may_be(lambda task: not task.looks_ahead):
            return ""
        return Refusal(
            f"augment holds {self!r} for a forecast, whose true values would stay as they were",
            expected="AugmentJitter() alone",
            fix="--set 'augment=(AugmentJitter(),)'",
        )

    @abstractmethod
    def alter(self, signature: Signature) -> Alter:
        """The callable (columns, labels, seed) → (columns, labels), same shapes."""

    @staticmethod
    def compose(specs: Sequence["AugmentSeries"], signature: Signature) -> Alter:
        """`series_augmenter`, for a feed that imports no modality."""
        return series_augmenter(specs, signature)


def series_augmenter(specs: Sequence[AugmentSeries], signature: Signature) -> Alter:
    """Returns all specs in their order as one callable for tf.data's map.

    Args:
        specs: Of this module.
        signature: Of a model whose inputs are series.

    Returns:
        A callable (columns, labels, seed) → (columns, labels). Columns are port → float32 [rows,
        steps, channels], and what else a row has, which stays; labels are float32 [rows, outputs],
        changed if series are mixed; the seed, int32 or int64 [2], is the batch's own.

    Raises:
        RecipeError: If a spec does not suit the signature.
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
            step_seed = fold_seed(seed, number)
            changed, labels = step(columns, labels, step_seed)
            shaped = {}
            for name, x in changed.items():
                shape = columns[name].shape
                shaped[name] = tf.ensure_shape(x, shape)
            columns = shaped
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
    """Returns series next to altered forms of them, for the report.

    Args:
        specs: Of this module.
        signature: Of a model whose inputs are series.
        columns: By port, [n, ...].
        seed: Of the draws.
        num_forms: How many altered forms each series has.

    Returns:
        Port → float32 [n, 1 + num_forms, steps, channels]: each series, then altered forms of it,
        mixed with others of the n if a spec mixes.
    """
    alter = series_augmenter(specs, signature)
    names = [port.name for port in _ports(signature, SERIES_STANDARD)]
    num_rows = len(columns[names[0]])
    labels = {"none": np.zeros((num_rows, 1), np.float32)}
    forms = {name: [columns[name]] for name in names}
    for form in range(num_forms):
        form_seed = np.array([seed, form])
        altered, _ = alter(columns, labels, form_seed)
        for name in names:
            forms[name].append(altered[name])
    return {name: np.stack(of_port, axis=1) for name, of_port in forms.items()}


@dataclass(frozen=True)
class AugmentJitter(AugmentSeries):
    """Adds normal noise to every step (Um et al. 2017, https://arxiv.org/abs/1706.00527).

    Attributes:
        deviation: Of the noise, in standard deviations of the series.
    """

    deviation: float = knob(0.05, 0, 10, unit="standard deviations")
    keeps_values = True

    def alter(self, signature):
        import tensorflow as tf

        deviation = float(self.deviation)

        def change(x, seed):
            noise = tf.random.stateless_normal(tf.shape(x), seed, stddev=deviation)
            return x + noise

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

        deviation = float(self.deviation)

        def change(x, seed):
            num_rows = tf.shape(x)[0]
            num_channels = x.shape[2]
            shape = (num_rows, 1, num_channels)
            factors = tf.random.stateless_normal(shape, seed, 1.0, deviation)
            return x * factors

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

        deviation = float(self.deviation)

        def change(x, seed):
            num_rows = tf.shape(x)[0]
            _, num_steps, num_channels = x.shape
            weights = spline_weights(num_steps, self.knots)
            shape = (num_rows, self.knots, num_channels)
            drawn = tf.random.stateless_normal(shape, seed, 1.0, deviation)
            curves = tf.einsum("sk,rkc->rsc", weights, drawn)
            return x * curves

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

        deviation = float(self.deviation)

        def places(steps, rows, seed):
            shape = (rows, self.knots)
            drawn = tf.random.stateless_normal(shape, seed, 1.0, deviation)
            weights = spline_weights(steps, self.knots)
            speed = tf.einsum("sk,rk->rs", weights, drawn)
            speed = tf.maximum(speed, MIN_SPEED)
            later = speed[:, 1:]
            earlier = speed[:, :-1]
            distances = (later + earlier) / 2
            way = tf.cumsum(distances, axis=1)
            way = tf.pad(way, [[0, 0], [1, 0]])
            whole_way = way[:, -1:]
            return way / whole_way * (steps - 1)

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
            last_start = (1 - self.share) * (steps - 1)
            drawn = tf.random.stateless_uniform((rows, 1), seed)
            start = drawn * last_start
            numbers = tf.range(steps, dtype=tf.float32)
            return start + numbers * self.share

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
            first = next(iter(columns.values()))
            num_rows = tf.shape(first)[0]
            # Two gammas make a beta, by which the weight is drawn.
            one = tf.random.stateless_gamma((num_rows,), fold_seed(seed, 0), self.alpha)
            other = tf.random.stateless_gamma((num_rows,), fold_seed(seed, 1), self.alpha)
            both = one + other
            share = tf.math.divide_no_nan(one, both)
            # Both draws can underflow if alpha is small.
            share = tf.where(both > 0, share, 1.0)

            def mix(x):
                num_axes = len(x.shape)
                own = tf.reshape(share, (-1, *[1] * (num_axes - 1)))
                partner = tf.roll(x, 1, axis=0)
                return own * x + (1 - own) * partner

            mixed_columns = {name: mix(x) for name, x in columns.items()}
            mixed_labels = {name: mix(y) for name, y in labels.items()}
            return mixed_columns, mixed_labels

        return alter


def _each_value(signature, change):
    """Alters the values of each port of series, (x, seed) → x, by draws of its own; marks of gaps
    stay.
    """
    ports = _ports(signature, SERIES_STANDARD)

    def alter(columns, labels, seed):
        changed = dict(columns)
        for place, port in enumerate(ports):
            port_seed = fold_seed(seed, place)
            changed[port.name] = change(columns[port.name], port_seed)
        return changed, labels

    return alter


def _in_time(signature, places):
    """Moves all series of a row to `places`(steps, rows, seed), which of series of other lengths
    are alike.
    """
    import tensorflow as tf

    ports = _ports(signature, SERIES_STANDARD, SERIES_INTERVAL)

    def alter(columns, labels, seed):
        changed = dict(columns)
        for port in ports:
            x = columns[port.name]
            num_rows = tf.shape(x)[0]
            num_steps = x.shape[1]
            new_places = places(num_steps, num_rows, seed)
            changed[port.name] = resampled(x, new_places)
        return changed, labels

    return alter


def _ports(signature, *units):
    return [port for port in signature.inputs if port.unit in units]
