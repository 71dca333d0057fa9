"""What forecasts are learned by and scored with. A target that nobody knows is NaN: it is passed
over by the loss, by the metric that decides, and by every score.

y: float [rows, horizon]; quantiles: float [rows, horizon, quantiles].
"""

import math

import numpy as np

from ..device.calendar import DAY_NAMES, DAY_SECONDS, MONTH, WEEKDAY
from ..device.frame import Frame
from ..device.target import Target

MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def usual_seasons(frame: Frame) -> tuple[int, ...]:
    """Seasons in steps that series of this frame usually have, the usual one first: a day and a
    week; of days a week; of weeks none and a year; of months a year; else none, 1.
    """
    seconds = round(frame.step_seconds)
    calendar = frame.calendar
    if calendar.unit == WEEKDAY:
        return (len(calendar.weekdays),)
    if calendar.unit == MONTH:
        if 12 % calendar.months == 0:
            return (12 // calendar.months,)
        return (1,)
    if seconds < DAY_SECONDS and DAY_SECONDS % seconds == 0:
        return DAY_SECONDS // seconds, 7 * DAY_SECONDS // seconds
    if seconds == 7 * DAY_SECONDS:
        return 1, 52
    if seconds == DAY_SECONDS:
        return (7,)
    return (1,)


def common_start(times: np.ndarray, frame: Frame) -> tuple[str, str]:
    """Where in a day, week or year all of several forecasts start, such as ("at 06:00", "hour of
    the day"); two empty texts where they start at different places. times: datetime64 [rows], the
    first steps that are forecast.
    """
    times = times.astype("datetime64[s]")
    seconds = round(frame.step_seconds)
    if frame.calendar.unit == MONTH:
        places = times.astype("datetime64[M]").astype(np.int64) % 12
        words = f"in {MONTH_NAMES[places[0]]}"
        cycle = "month of the year"
        has_cycle = frame.calendar.months < 12
    elif seconds < DAY_SECONDS:
        places = times.astype(np.int64) % DAY_SECONDS
        words = f"at {str(times[0])[11:16]}"
        cycle = "hour of the day"
        has_cycle = DAY_SECONDS % seconds == 0
    else:
        places = (times.astype("datetime64[D]").astype(np.int64) + 3) % 7
        words = f"on a {DAY_NAMES[places[0]]}"
        cycle = "day of the week"
        has_cycle = seconds == DAY_SECONDS
    if has_cycle and len(times) > 1 and np.all(places == places[0]):
        return words, cycle
    return "", ""


def score_forecasts(
    y: np.ndarray, values: np.ndarray, quantiles: np.ndarray | None, target: Target
) -> dict[str, float]:
    """MASE (NaN where its scale is 0), MAE and RMSE in the target's unit; of quantiles the mean
    pinball loss, and the share of targets between the outer two, "coverage".
    """
    known = ~np.isnan(y)
    errors = np.abs(values - y)[known]
    if len(errors):
        mae = float(errors.mean())
    else:
        mae = math.nan
    scores = {
        "mase": mae / target.mase_scale if target.mase_scale else math.nan,
        "mae": mae,
        "rmse": float(np.sqrt(np.mean(errors**2))) if len(errors) else math.nan,
    }
    scores["pinball"] = scores["coverage"] = math.nan
    if quantiles is not None and len(errors):
        short = y[known][:, None] - quantiles[known]
        levels = np.asarray(target.quantiles)
        scores["pinball"] = float(np.maximum(levels * short, (levels - 1) * short).mean())
        if len(levels) > 1:
            inside = (short[:, 0] >= 0) & (short[:, -1] <= 0)
            scores["coverage"] = float(inside.mean())
    return scores


def error_by_step(y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """float64 [horizon]: the mean absolute error of each step ahead; NaN where no target of it is
    known.
    """
    known = ~np.isnan(y)
    total = np.where(known, np.abs(values - np.where(known, y, 0)), 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def standardized_steps(y: np.ndarray, target: Target) -> np.ndarray:
    """y [rows, horizon] in each row's own scale → as the net gives it: each step in its standard
    deviations.
    """
    return (y - np.array(target.step_offsets)) / np.array(target.step_factors)


def conformal_offsets(
    outputs: np.ndarray, y: np.ndarray, levels: tuple[float, ...], *, overlap: int = 1
) -> tuple[float, ...]:
    """What to add to the outputs [rows, horizon * quantiles] so that, step by step, the interval
    between each lower quantile and its upper partner holds as many of y [rows, horizon] as their
    levels say: conformalized quantile regression (Romano et al. 2019,
    https://arxiv.org/abs/1905.03222) on validation rows. Of `overlap` windows that share their
    steps one is counted for its correction by the number of rows: the others say little more.
    """
    quantiles = outputs.reshape(len(outputs), -1, len(levels)).astype(np.float64)
    offsets = np.zeros(quantiles.shape[1:])
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        outside = np.maximum(quantiles[:, :, low] - y, y - quantiles[:, :, high])
        for step in range(outside.shape[1]):
            known = outside[:, step][~np.isnan(outside[:, step])]
            if len(known):
                share = min((levels[high] - levels[low]) * (1 + overlap / len(known)), 1.0)
                wider = np.quantile(known, share, method="higher")
                offsets[step, low], offsets[step, high] = -wider, wider
    return tuple(float(np.float32(each)) for each in offsets.ravel())


def masked_loss(target: Target):
    """y [rows, 1, horizon] and outputs [rows, members, horizon * quantiles] → [rows, members]: the
    mean over the steps with a known target of the pinball loss of every quantile, or of the squared
    error where there are none. Steps count by their spread, so that an error counts as much as it
    is large in the target's unit.
    """
    import keras

    ops = keras.ops
    levels = target.quantiles
    factors = target.step_factors or (1.0,)  # a window that is given back has one unit
    share = np.float32(factors) / np.mean(factors)
    if levels:
        share = share.astype(np.float32)
    else:
        share = np.square(share).astype(np.float32)

    def loss(y_true, y_pred):
        known = ops.isfinite(y_true)
        shape = ops.shape(y_pred)
        outputs = ops.reshape(y_pred, (shape[0], shape[1], -1, max(len(levels), 1)))
        y = ops.expand_dims(ops.where(known, y_true, 0.0), -1)
        short = y - outputs
        if not levels:
            each = ops.square(short)
        else:
            each = ops.mean(
                ops.maximum(short * np.float32(levels), short * (np.float32(levels) - 1)),
                -1,
                keepdims=True,
            )
        weight = ops.cast(known, "float32")
        return ops.sum(each[..., 0] * weight * share, axis=2) / ops.maximum(
            ops.sum(weight, axis=2), 1.0
        )

    return loss


def masked_metric(target: Target, deciding: str):
    """A Keras metric over steps with a known target, of the middle quantile: "mae" or "rmse" in the
    target's unit (each row's own scale apart), or "mase".
    """
    import keras

    ops = keras.ops
    width = max(len(target.quantiles), 1)
    middle = target.middle()
    is_squared = deciding == "rmse"
    factors = np.float32(target.step_factors or (1.0,)) / np.float32(
        target.mase_scale if deciding == "mase" else 1.0
    )

    class MaskedError(keras.metrics.Mean):
        def update_state(self, y_true, y_pred, sample_weight=None):
            known = ops.isfinite(y_true)
            error = (ops.where(known, y_true, 0.0) - y_pred[:, middle::width]) * factors
            weight = ops.cast(known, "float32")
            if sample_weight is not None:
                weight = weight * ops.reshape(sample_weight, (-1, 1))
            return super().update_state(
                ops.square(error) if is_squared else ops.abs(error), sample_weight=weight
            )

        def result(self):
            if is_squared:
                return ops.sqrt(super().result())
            return super().result()

    return MaskedError(name=deciding)
