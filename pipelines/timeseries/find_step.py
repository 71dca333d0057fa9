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
    """The Pace of datetime64[s] [rows] and int64 [rows], whose series are called `names`. `step`:
    see STEP_WORDS; found where it is empty. `name`: the column of time, for errors. Raises
    LoadError where no step holds most distances, or stamps lie on days that the step given has not.
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
    found = _months(times, series, distances) or _weekdays(times, series, distances)
    return found or step_of_seconds(times, series, distances, name=name, names=names)


def _distances(values, series):
    """int64: the distances above 0 between neighbours of one series."""
    order = np.lexsort((values, series))
    distances = np.diff(values[order])[np.diff(series[order]) == 0]
    return distances[distances > 0]


def _given_pace(times, step, name):
    count, word = re.fullmatch(r"\s*(\d*)\s*(.*?)\s*", step, re.DOTALL).groups()
    if 0 < len(count) < 10:
        number = int(count)
    else:
        number = 1
    months = number * _MONTHS_OF.get(word, 0)
    if word in ("weekday", "weekdays", "B") and number == 1:
        return _given_weekdays(times, name)
    if 0 < months <= MAX_MONTHS:
        return _month_pace(times, months, _anchor(times) or Calendar(MONTH, months=1, day=1))
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
    calendar = Calendar(WEEKDAY, *_time_of_day(times), weekdays=WORKDAYS)
    outside = np.flatnonzero(~has_step(times, calendar))
    if len(outside):
        raise LoadError(
            f"{len(outside):,} rows of {shorten(name)} lie on a Saturday or Sunday, such as row "
            f"{outside[0]}: {times[outside[0]]}",
            expected="Monday to Friday alone, for load.step=weekday",
            fix="remove these rows, or --set load.step=1D",
        )
    return Pace(DAY_SECONDS, calendar)


def _months(times, series, distances):
    """The Pace of dates on one day of the month, or None."""
    if np.sort(distances)[len(distances) // 20] < 27 * DAY_SECONDS:
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
    on_phase = months % size == most_frequent(months % size)
    if np.mean(apart % size == 0) < NEARLY_ALL or np.mean(on_phase) < NEARLY_ALL:
        if len(np.unique(series)) == 1:
            size = int(np.gcd.reduce(apart))
        else:
            size = 1
    if size <= MAX_MONTHS:
        return _month_pace(times, size, anchor)
    return None


def _refuse_unlike_days(times, series):
    """Raises LoadError for monthly series that are dated on different days of the month: steps of
    equal seconds would average some months and skip others.
    """
    anchors = [_anchor(part) for part in by_series(times, series)]
    if len(anchors) > 1 and None not in anchors:
        days = ", ".join(map(str, sorted({anchor.day for anchor in anchors})))
        raise LoadError(
            f"{len(anchors):,} monthly series that are dated on different days of the month: "
            f"{days}",
            expected="one day of the month in all series",
            fix="--set load.step=month dates each month by its first day; or write the dates alike",
        )


def _month_pace(times, months, anchor):
    """The Pace of steps of `months`; `anchor`: a Calendar of months with the day that they are
    dated by.
    """
    remainders = times.astype("datetime64[M]").astype(np.int64) % months
    first = most_frequent(remainders)
    if np.mean(remainders == first) < NEARLY_ALL:  # finer rows, which are laid together
        first = 0
        anchor = Calendar(MONTH, months=1, day=1)
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
    """A Calendar of months with the day of the month that nearly all stamps lie on, or None."""
    days = times.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    place = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    size = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    phase = most_frequent(times.astype(np.int64) % DAY_SECONDS)
    shares = {
        day: np.mean(place == np.minimum(day, size))
        for day in (most_frequent(place), 29, 30, LAST_DAY)
    }
    day = max(shares, key=shares.get)
    if shares[day] >= NEARLY_ALL:
        return Calendar(MONTH, phase, months=1, day=day)
    weekday = (days.astype(np.int64) + 3) % 7
    first = (place == 1) | ((place <= 3) & (weekday == 0))
    last = (place == size) | ((place >= size - 2) & (weekday == 4))
    for day, on_anchor in ((1, first), (LAST_DAY, last)):
        if np.mean(on_anchor & (weekday < 5)) >= NEARLY_ALL:
            return Calendar(MONTH, phase, weekdays=WORKDAYS, months=1, day=day)
    return None


def _weekdays(times, series, distances):
    """The Pace of stamps that keep to some days of the week, or None: those days have a step, and
    no others.
    """
    phase, early = _time_of_day(times)
    days = (times.astype(np.int64) - phase + early) // DAY_SECONDS
    used = np.unique((days + 3) % 7)
    if not early or not 2 <= len(used) <= 6 or days.max() - days.min() < MIN_WEEKS * 7:
        return None
    if np.sort(distances)[len(distances) // 20] < DAY_SECONDS // 2:
        return None
    weeks = sum((each.max() - each.min()) / 7 for each in by_series(days, series))
    filled = len(np.unique(np.stack([series, days]), axis=1).T)
    if filled < MIN_WEEKDAY_FILL * weeks * len(used):
        return None
    return Pace(DAY_SECONDS, Calendar(WEEKDAY, phase, early, weekdays=tuple(used.tolist())))


def _time_of_day(times):
    """(phase, early) seconds of days: the time of day of nearly all stamps and half a day, or (0,
    0) where there is no such time.
    """
    return phase_of(times.astype(np.int64), DAY_SECONDS) or (0, 0)
