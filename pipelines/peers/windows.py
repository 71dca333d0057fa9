"""What peers see of windows that are forecast: lags, the calendar, and what is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..device.cells import DATE, SERIES
from ..device.frame import Frame
from ..rows.parts import Schema
from ..tabular.plain_features import DAYS_OF_YEAR, calendar
from ..tasks.seasons import usual_seasons
from .peer import Columns

MOST_LAGS = 336
OTHER_LAGS = 24
RECENT = 6


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
        target = ""
        others = []
        known = []
        static = []
        for column in schema.columns:
            name = column.name
            if column.kind not in (SERIES, DATE):
                static.append(name)
            elif name in frame.known:
                known.append(name)
            elif column.kind == SERIES and name == schema.target.name:
                target = name
            elif column.kind == SERIES:
                others.append(name)
        return WindowColumns(frame, target, tuple(others), tuple(known), tuple(static))

    def base(self, x: Columns) -> np.ndarray:
        """Returns the last known value of the target, float64 [rows]: forecasts are differences to
        it. 0 where none is known.
        """
        if not self.target:
            return np.zeros(len(x[self.frame.time]))
        window = read_numbers(x, self.target)
        last = carried(window)[:, -1]
        return np.nan_to_num(last)

    def times_ahead(self, x: Columns) -> np.ndarray:
        """Returns the dates of the steps that are forecast, datetime64[s] [rows, horizon]."""
        times = np.asarray(x[self.frame.time])
        first = self.frame.numbers(times)
        steps = np.arange(self.frame.horizon)
        numbers = first[:, None] + steps
        dates = self.frame.dates(numbers.ravel())
        return dates.reshape(numbers.shape)


def read_numbers(x: Columns, name: str) -> np.ndarray:
    """Returns a column as float64."""
    return np.asarray(x[name], np.float64)


def carried(window: np.ndarray) -> np.ndarray:
    """Returns windows [rows, steps] with the last known value in place of missing ones, NaN before
    the first.
    """
    steps = np.arange(window.shape[1])
    is_missing = np.isnan(window)
    places = np.where(is_missing, 0, steps)
    last = np.maximum.accumulate(places, axis=1)
    return np.take_along_axis(window, last, axis=1)


def linear_windows(columns: WindowColumns, x: Columns) -> np.ndarray:
    """Returns features of each window for a linear model, float64 [rows, features]: the target's
    window less its last value, the last values of the other series, what is known beforehand, and
    the first step's place in the day, the week and the year.
    """
    first = np.asarray(x[columns.frame.time])
    parts = [_cycles(first)]
    if columns.target:
        base = columns.base(x)[:, None]
        window = read_numbers(x, columns.target)
        lags = carried(window)[:, -MOST_LAGS:]
        parts.append(lags - base)
        parts.append(base)
    for name in columns.others:
        window = read_numbers(x, name)
        lags = carried(window)[:, -OTHER_LAGS:]
        parts.append(lags)
    for name in columns.known:
        ahead = read_numbers(x, name)
        parts.append(ahead)
    return np.concatenate(parts, axis=1)


def _cycles(times):
    """Returns sine and cosine of the hour (three harmonics) and of the year, and each weekday."""
    hour, weekday, day_of_year = calendar(times)
    angles = [2 * np.pi * day_of_year / DAYS_OF_YEAR]
    for harmonic in (1, 2, 3):
        angle = 2 * np.pi * harmonic * hour / 24
        angles.append(angle)
    found = []
    for angle in angles:
        found.append(np.sin(angle))
        found.append(np.cos(angle))
    for day in range(7):
        is_day = weekday == day
        found.append(is_day.astype(np.float64))
    return np.stack(found, axis=1)


def step_features(columns: WindowColumns, x: Columns) -> np.ndarray:
    """Returns features of each step ahead for one model of all steps, float64
    [rows, horizon, features], NaN where unknown: the step, the last values, the same place of the
    seasons before, the calendar of the step, and what is known of it beforehand.
    """
    ahead = columns.times_ahead(x)
    steps = np.arange(columns.frame.horizon, dtype=np.float64)
    of_step = [steps, *calendar(ahead)]
    of_window = []
    if columns.target:
        base = columns.base(x)
        window = read_numbers(x, columns.target)
        less = window - base[:, None]
        of_window.append(base)
        of_window += _recent(less)
        of_step += _seasons_before(less, columns.frame)
    for name in columns.others:
        window = read_numbers(x, name)
        of_window += _recent(window)
    for name in columns.known:
        values = read_numbers(x, name)
        of_step.append(values)
    for name in columns.static:
        values = np.asarray(x[name])
        if values.dtype.kind == "f":
            of_window.append(values)
    columns_of_window = [values[:, None] for values in of_window]
    features = np.broadcast_arrays(ahead.astype(np.int64), *of_step, *columns_of_window)
    return np.stack(features[1:], axis=-1).astype(np.float64)


def _recent(window):
    """Returns the last three values, and the means of the last few and of all known ones."""
    known = carried(window)
    num_last = min(3, window.shape[1])
    found = []
    for back in range(1, num_last + 1):
        found.append(known[:, -back])
    newest = window[:, -RECENT:]
    found.append(_mean(newest))
    found.append(_mean(window))
    return found


def _mean(window):
    """Returns the mean of the known values along the second axis, NaN where there is none."""
    is_known = ~np.isnan(window)
    values = np.where(is_known, window, 0.0)
    total = values.sum(axis=1)
    counts = is_known.sum(axis=1)
    means = total / np.maximum(counts, 1)
    return np.where(counts > 0, means, np.nan)


def _seasons_before(window, frame):
    """Returns, of each usual season, the value one season before each step ahead, and the mean of
    all seasons that the window holds; [rows, horizon] each.
    """
    found = []
    for season in usual_seasons(frame):
        if not 1 < season <= window.shape[1]:
            continue
        values = _values_of_seasons(window, season, frame.horizon)
        found.append(values[:, 0])
        found.append(_mean(values))
    return found


def _values_of_seasons(window, season, horizon):
    """Returns the values a whole number of seasons before each step ahead, the newest season first,
    float64 [rows, seasons, horizon].
    """
    num_steps = window.shape[1]
    steps = np.arange(horizon)
    # Of a step beyond the first season, the value one season before is not known yet.
    seasons_back = steps // season + 1
    newest = num_steps + steps - seasons_back * season
    num_seasons = newest.min() // season + 1
    values = []
    for back in range(num_seasons):
        places = newest - back * season
        values.append(window[:, places])
    return np.stack(values, axis=1)
