"""What peers see of windows that are forecast: lags, the calendar, and what is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..device.cells import DATE, SERIES
from ..device.frame import Frame
from ..rows.parts import Schema
from ..tasks.seasons import usual_seasons
from .peer import Columns

MOST_LAGS = 336
OTHER_LAGS = 24
RECENT = 6
_DAY_SECONDS = 86_400
_DAYS_OF_YEAR = 365.2425


@dataclass(frozen=True)
class WindowColumns:
    """The columns of windows by what they are.

    Attributes:
        frame: How the windows were cut.
        target: The series that is forecast, "" where its past is not given.
        others: The other past series.
        known: Series whose values ahead are known.
        static: Columns with one value a window.
    """

    frame: Frame
    target: str
    others: tuple[str, ...]
    known: tuple[str, ...]
    static: tuple[str, ...]

    @staticmethod
    def of(schema: Schema) -> WindowColumns:
        """Returns the columns of framed rows."""
        frame = schema.frame
        if frame is None:
            raise ValueError("windows without a frame")
        series = [column.name for column in schema.columns if column.kind == SERIES]
        known = [name for name in series if name in frame.known]
        past = [name for name in series if name not in frame.known]
        others = [name for name in past if name != schema.target.name]
        static = [column.name for column in schema.columns if column.kind not in (SERIES, DATE)]
        target = schema.target.name if schema.target.name in past else ""
        return WindowColumns(frame, target, tuple(others), tuple(known), tuple(static))

    def base(self, x: Columns) -> np.ndarray:
        """Returns the last known value of the target, float64 [rows]: forecasts are differences to
        it. 0 where none is known.
        """
        if not self.target:
            return np.zeros(len(x[self.frame.time]))
        last = carried(np.asarray(x[self.target], np.float64))[:, -1]
        return np.where(np.isnan(last), 0.0, last)

    def times_ahead(self, x: Columns) -> np.ndarray:
        """Returns the dates of the steps that are forecast, datetime64[s] [rows, horizon]."""
        first = self.frame.numbers(np.asarray(x[self.frame.time]))
        numbers = first[:, None] + np.arange(self.frame.horizon)
        return self.frame.dates(numbers.ravel()).reshape(numbers.shape)


def carried(window: np.ndarray) -> np.ndarray:
    """Returns windows [rows, steps] with the last known value in place of missing ones, NaN before
    the first.
    """
    steps = np.arange(window.shape[1])
    places = np.where(np.isnan(window), 0, steps)
    last = np.maximum.accumulate(places, axis=1)
    return np.take_along_axis(window, last, axis=1)


def calendar(times: np.ndarray) -> np.ndarray:
    """Returns the hour, the weekday and the day of the year, float64 [..., 3]."""
    seconds = times.astype("datetime64[s]").astype(np.int64)
    days = seconds // _DAY_SECONDS
    hour = seconds % _DAY_SECONDS / 3600
    day_of_year = days % _DAYS_OF_YEAR
    return np.stack([hour, (days + 3) % 7, day_of_year], axis=-1).astype(np.float64)


def linear_windows(columns: WindowColumns, x: Columns) -> np.ndarray:
    """Returns features of each window for a linear model, float64 [rows, features]: the target's
    window less its last value, the last values of the other series, what is known beforehand, and
    the first step's place in the day, the week and the year.
    """
    base = columns.base(x)
    parts = [_cycles(calendar(np.asarray(x[columns.frame.time])))]
    if columns.target:
        window = carried(np.asarray(x[columns.target], np.float64))[:, -MOST_LAGS:]
        parts += [window - base[:, None], base[:, None]]
    for name in columns.others:
        parts.append(carried(np.asarray(x[name], np.float64))[:, -OTHER_LAGS:])
    for name in columns.known:
        parts.append(np.asarray(x[name], np.float64))
    return np.concatenate(parts, axis=1)


def _cycles(parts):
    """Returns sine and cosine of the hour (three harmonics) and of the year, and each weekday."""
    hour, weekday, day_of_year = np.moveaxis(parts, -1, 0)
    found = []
    for harmonic in (1, 2, 3):
        angle = hour * harmonic * 2 * np.pi / 24
        found += [np.sin(angle), np.cos(angle)]
    angle = day_of_year * 2 * np.pi / _DAYS_OF_YEAR
    found += [np.sin(angle), np.cos(angle)]
    found += [(weekday == day).astype(np.float64) for day in range(7)]
    return np.stack(found, axis=1)


def step_features(columns: WindowColumns, x: Columns) -> np.ndarray:
    """Returns features of each step ahead for one model of all steps, float64
    [rows, horizon, features], NaN where unknown: the step, the last values, the same place of the
    seasons before, the calendar of the step, and what is known of it beforehand.
    """
    num_rows = len(x[columns.frame.time])
    horizon = columns.frame.horizon
    of_step = [np.broadcast_to(np.arange(horizon, dtype=np.float64), (num_rows, horizon))]
    of_step += list(np.moveaxis(calendar(columns.times_ahead(x)), -1, 0))
    of_window = []
    if columns.target:
        window = np.asarray(x[columns.target], np.float64)
        base = columns.base(x)
        less = window - base[:, None]
        of_window += [base, *_recent(less)]
        of_step += _seasons_before(less, columns.frame)
    for name in columns.others:
        of_window += _recent(np.asarray(x[name], np.float64))
    for name in columns.known:
        of_step.append(np.asarray(x[name], np.float64))
    for name in columns.static:
        values = np.asarray(x[name])
        if values.dtype.kind == "f":
            of_window.append(values.astype(np.float64))
    repeated = [np.broadcast_to(each[:, None], (num_rows, horizon)) for each in of_window]
    return np.stack([*of_step, *repeated], axis=-1)


def _recent(window):
    """Returns the last three values, and the means of the last few and of all known ones."""
    known = carried(window)
    last = [known[:, -back] for back in range(1, min(3, window.shape[1]) + 1)]
    return [*last, _mean(window[:, -RECENT:]), _mean(window)]


def _mean(window):
    is_known = ~np.isnan(window)
    total = np.where(is_known, window, 0.0).sum(axis=1)
    counts = is_known.sum(axis=1)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def _seasons_before(window, frame):
    """Returns, of each usual season, the value one season before each step ahead, and the mean of
    all seasons that the window holds; [rows, horizon] each.
    """
    num_steps = window.shape[1]
    found = []
    for season in usual_seasons(frame):
        if not 1 < season <= num_steps:
            continue
        ahead = num_steps + np.arange(frame.horizon)
        nearest = ahead - (np.arange(frame.horizon) // season + 1) * season
        seasons = [nearest - back * season for back in range(nearest.min() // season + 1)]
        values = np.stack([window[:, places] for places in seasons], axis=1)
        folded = np.moveaxis(values, 1, 2).reshape(-1, len(seasons))
        found += [values[:, 0], _mean(folded).reshape(len(window), -1)]
    return found
