"""Time stamps → the step that they lie on: seconds of a round or exact length, days of the week, or
months.

A step is found from the stamps of all series together, or given in words (`load.step`). What has no
regular step is refused: a grid that most rows do not lie on would answer for other times than those
of the data.
"""

import re
from collections.abc import Sequence

import numpy as np

from ..device.calendar import (
    DAY_SECONDS,
    LAST_DAY,
    MAX_MONTHS,
    MONTH,
    MONTH_SECONDS,
    WEEKDAY,
    Calendar,
    has_step,
)
from ..device.cells import shorten
from ..errors import LoadError
from .find_seconds import by_series, most_frequent, phase_of, second_pace, step_of_seconds
from .pace import NEARLY_ALL, STEP_WORDS, WEEK_SECONDS, Pace

WORKDAYS = (0, 1, 2, 3, 4)
MIN_WEEKS = 4
MIN_WEEKDAY_FILL = 0.6
_STEP = re.compile(r"\s*(\d*)\s*(.*?)\s*", re.DOTALL)
_WEEKDAY_WORDS = ("weekday", "weekdays", "B")
_FIRST_DAY = Calendar(MONTH, months=1, day=1)
_MONTHS_OF = {
    "month": 1,
    "months": 1,
    "M": 1,
    "MS": 1,
    "ME": 1,
    "quarter": 3,
    "quarters": 3,
    "Q": 3,
    "QS": 3,
    "QE": 3,
    "year": 12,
    "years": 12,
    "Y": 12,
    "YS": 12,
    "YE": 12,
}
_SECONDS_OF = {
    "week": WEEK_SECONDS,
    "weeks": WEEK_SECONDS,
    "W": WEEK_SECONDS,
    "day": DAY_SECONDS,
    "hour": 3600,
    "minute": 60,
    "second": 1,
}


def find_pace(
    times: np.ndarray, series: np.ndarray, *, step: str, name: str, names: Sequence[str] = ("",)
) -> Pace:
    """Finds how far apart the steps of time stamps are.

    Args:
        times: datetime64[s] [rows].
        series: The code of each row's series, int64 [rows].
        step: The step in words, see STEP_WORDS; if empty, it is found.
        name: The column of time, for errors.
        names: Of the series, by code.

    Returns:
        The Pace of all series together.

    Raises:
        LoadError: If no step holds most distances, or stamps lie on days that the given step has
            not.
    """
    if step:
        return _given_pace(times, step, name)
    distances = _distances(times.astype(np.int64), series)
    if not len(distances):
        raise LoadError(
            f"the time column {shorten(name)} has no two different times of one series",
            expected="rows that follow each other in time",
            fix="name another column with --time, or the one that separates the series with --id",
        )
    found = _months(times, series, distances)
    if found is None:
        found = _weekdays(times, series, distances)
    if found is None:
        found = step_of_seconds(times, series, distances, name=name, names=names)
    return found


def _distances(values, series):
    """Returns the distances above 0 between neighbours of one series, int64."""
    order = np.lexsort((values, series))
    distances = np.diff(values[order])
    is_same_series = np.diff(series[order]) == 0
    return distances[is_same_series & (distances > 0)]


def _given_pace(times, step, name):
    count, word = _STEP.fullmatch(step).groups()
    number = 1
    if 0 < len(count) < 10:
        number = int(count)
    months = number * _MONTHS_OF.get(word, 0)
    if word in _WEEKDAY_WORDS and number == 1:
        return _given_weekdays(times, name)
    if 0 < months <= MAX_MONTHS:
        anchor = _anchor(times)
        if anchor is None:
            anchor = _FIRST_DAY
        return _month_pace(times, months, anchor)
    if word in _SECONDS_OF:
        seconds = number * _SECONDS_OF[word]
    elif months:
        seconds = 0
    else:
        seconds = _timedelta_seconds(step)
    if seconds < 1 or seconds != round(seconds):
        raise LoadError(
            f"load.step={step!r}",
            expected=f"whole seconds or more, such as {STEP_WORDS}",
            fix="--set load.step=1h",
        )
    return second_pace(times, int(seconds))


def _timedelta_seconds(step):
    import pandas as pd

    try:
        return pd.Timedelta(step).total_seconds()
    except ValueError:
        return 0.0


def _given_weekdays(times, name):
    phase, early = _time_of_day(times)
    calendar = Calendar(WEEKDAY, phase, early, weekdays=WORKDAYS)
    outside = np.flatnonzero(~has_step(times, calendar))
    if len(outside):
        row = outside[0]
        raise LoadError(
            f"{len(outside):,} rows of {shorten(name)} lie on a Saturday or Sunday, such as row "
            f"{row}: {times[row]}",
            expected="Monday to Friday alone, for load.step=weekday",
            fix="remove these rows, or --set load.step=1D",
        )
    return Pace(DAY_SECONDS, calendar)


def _months(times, series, distances):
    """Returns the Pace of dates on one day of the month, or None."""
    if _short_distance(distances) < 27 * DAY_SECONDS:
        return None
    anchor = _anchor(times)
    if anchor is None:
        _refuse_unlike_days(times, series)
        return None
    months = times.astype("datetime64[M]").astype(np.int64)
    apart = _distances(months, series)
    if not len(apart):
        return None
    size = most_frequent(apart)
    remainders = months % size
    is_multiple = apart % size == 0
    is_on_phase = remainders == most_frequent(remainders)
    keeps_to_size = np.mean(is_multiple) >= NEARLY_ALL and np.mean(is_on_phase) >= NEARLY_ALL
    if not keeps_to_size:
        num_series = len(np.unique(series))
        size = 1
        if num_series == 1:
            size = int(np.gcd.reduce(apart))
    if size <= MAX_MONTHS:
        return _month_pace(times, size, anchor)
    return None


def _short_distance(distances):
    """Returns the distance that a twentieth of all are shorter than."""
    return np.sort(distances)[len(distances) // 20]


def _refuse_unlike_days(times, series):
    """Raises LoadError for monthly series that are dated on different days of the month: steps of
    equal seconds would average some months and skip others.
    """
    anchors = [_anchor(part) for part in by_series(times, series)]
    if len(anchors) < 2 or None in anchors:
        return
    days = sorted({anchor.day for anchor in anchors})
    shown = ", ".join(str(day) for day in days)
    raise LoadError(
        f"{len(anchors):,} monthly series that are dated on different days of the month: {shown}",
        expected="one day of the month in all series",
        fix="--set load.step=month dates each month by its first day; or write the dates alike",
    )


def _month_pace(times, months, anchor):
    """Returns the Pace of steps of `months`; `anchor` is a Calendar of months with the day that
    they are dated by.
    """
    remainders = times.astype("datetime64[M]").astype(np.int64) % months
    first = most_frequent(remainders)
    if np.mean(remainders == first) < NEARLY_ALL:  # finer rows, which are laid together
        first = 0
        anchor = _FIRST_DAY
    calendar = Calendar(
        MONTH,
        anchor.phase_seconds,
        weekdays=anchor.weekdays,
        months=months,
        first_month=first,
        day=anchor.day,
    )
    return Pace(months * MONTH_SECONDS, calendar)


def _anchor(times):
    """Returns a Calendar of months with the day of the month that nearly all stamps lie on, or
    None.
    """
    dates = times.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    first_dates = months.astype("datetime64[D]")
    next_first_dates = (months + 1).astype("datetime64[D]")
    day_of_month = (dates - first_dates).astype(np.int64) + 1
    days_in_month = (next_first_dates - first_dates).astype(np.int64)
    phase = most_frequent(times.astype(np.int64) % DAY_SECONDS)
    shares = {}
    for day in (most_frequent(day_of_month), 29, 30, LAST_DAY):
        is_on_day = day_of_month == np.minimum(day, days_in_month)
        shares[day] = np.mean(is_on_day)
    day = max(shares, key=shares.get)
    if shares[day] >= NEARLY_ALL:
        return Calendar(MONTH, phase, months=1, day=day)
    weekday = _weekday_of(dates.astype(np.int64))
    is_workday = weekday < 5
    is_first = (day_of_month == 1) | ((day_of_month <= 3) & (weekday == 0))
    is_last = (day_of_month == days_in_month) | (
        (day_of_month >= days_in_month - 2) & (weekday == 4)
    )
    if np.mean(is_first & is_workday) >= NEARLY_ALL:
        return Calendar(MONTH, phase, weekdays=WORKDAYS, months=1, day=1)
    if np.mean(is_last & is_workday) >= NEARLY_ALL:
        return Calendar(MONTH, phase, weekdays=WORKDAYS, months=1, day=LAST_DAY)
    return None


def _weekday_of(days):
    """Returns the day of the week, 0 for Monday, of days since 1970, whose first was a Thursday."""
    return (days + 3) % 7


def _weekdays(times, series, distances):
    """Returns the Pace of stamps that keep to some days of the week, which alone have a step; or
    None.
    """
    phase, early = _time_of_day(times)
    days = (times.astype(np.int64) - phase + early) // DAY_SECONDS
    used = np.unique(_weekday_of(days))
    if not early or not 2 <= len(used) <= 6:
        return None
    if days.max() - days.min() < MIN_WEEKS * 7:
        return None
    if _short_distance(distances) < DAY_SECONDS // 2:
        return None
    num_weeks = sum((each.max() - each.min()) / 7 for each in by_series(days, series))
    pairs = np.stack([series, days])
    num_filled = np.unique(pairs, axis=1).shape[1]
    if num_filled < MIN_WEEKDAY_FILL * num_weeks * len(used):
        return None
    calendar = Calendar(WEEKDAY, phase, early, weekdays=tuple(used.tolist()))
    return Pace(DAY_SECONDS, calendar)


def _time_of_day(times):
    """Returns the time of day of nearly all stamps and half a day, in seconds; or 0 and 0 if there
    is no such time.
    """
    found = phase_of(times.astype(np.int64), DAY_SECONDS)
    if found is None:
        return 0, 0
    return found
