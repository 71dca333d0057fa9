"""Time stamps → the step that they lie on: seconds of a round or exact length, days of the week, or
months.

A step is found from the stamps of all series together, or given in words (`load.step`). What has no
regular step is refused: a grid that most rows do not lie on would answer for other times than those
of the data.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..device.calendar import (
    DAY_SECONDS,
    LAST_DAY,
    MAX_MONTHS,
    MONTH,
    MONTH_SECONDS,
    SECOND,
    WEEKDAY,
    Calendar,
    has_step,
)
from ..device.cells import shorten
from ..errors import LoadError

WEEK_SECONDS = 7 * DAY_SECONDS
MONDAY = 4 * DAY_SECONDS  # the first one after 1970-01-01
WORKDAYS = (0, 1, 2, 3, 4)
ROUND_SECONDS = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    *(60 * each for each in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(3600 * each for each in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY_SECONDS * each for each in (1, 2, 3, 4, 5, 6, 7, 14, 28)),
)
MOST, NEARLY_ALL = 0.5, 0.9  # shares of distances or of stamps
# of distances that are one step long, at least: a grid with hardly two rows in a row is none
SHARE_OF_ONE = 0.1
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
STEP_WORDS = "5min, 1h, 1D, weekday, week, month, quarter, year"


@dataclass(frozen=True)
class Pace:
    """The steps of a source: `step_seconds` (of months and weekdays a mean), where they lie, and a
    note for the printed schema where stamps were moved, else "".
    """

    step_seconds: int
    calendar: Calendar
    note: str = ""


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
            fix="name another column with --time, or the one that tells series apart with --id",
        )
    found = _months(times, series, distances) or _weekdays(times, series, distances)
    return found or _seconds(times, series, distances, name=name, names=names)


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
    return _second_pace(times, int(seconds))


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
    size = _most_frequent(apart)
    on_phase = months % size == _most_frequent(months % size)
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
    anchors = [_anchor(part) for part in _by_series(times, series)]
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
    first = _most_frequent(remainders)
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
    phase = _most_frequent(times.astype(np.int64) % DAY_SECONDS)
    shares = {
        day: np.mean(place == np.minimum(day, size))
        for day in (_most_frequent(place), 29, 30, LAST_DAY)
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
    weeks = sum((each.max() - each.min()) / 7 for each in _by_series(days, series))
    filled = len(np.unique(np.stack([series, days]), axis=1).T)
    if filled < MIN_WEEKDAY_FILL * weeks * len(used):
        return None
    return Pace(DAY_SECONDS, Calendar(WEEKDAY, phase, early, weekdays=tuple(used.tolist())))


def _time_of_day(times):
    """(phase, early) seconds of days: the time of day of nearly all stamps and half a day, or (0,
    0) where there is no such time.
    """
    return _phase(times.astype(np.int64), DAY_SECONDS) or (0, 0)


def _seconds(times, series, distances, *, name, names):
    step, note = _step_seconds(times.astype(np.int64), distances, name)
    if _phase(times.astype(np.int64), step) is None:
        _refuse_unlike_phases(times, series, step, names)
    pace = _second_pace(times, step)
    return Pace(pace.step_seconds, pace.calendar, note)


def _second_pace(times, seconds):
    found = _phase(times.astype(np.int64), seconds)
    if found is None:  # each stamp lies in the step that it falls into; weeks begin on Monday
        return Pace(seconds, Calendar(SECOND, MONDAY if seconds % WEEK_SECONDS == 0 else 0))
    return Pace(seconds, Calendar(SECOND, *found))


def _step_seconds(seconds, distances, name):
    """(seconds of a step, a note where stamps vary around it). The most frequent distance if most
    are multiples of it, nearly all where it is no round length, unless stamps leave its grid and
    keep to that of a round length.
    """
    values, counts = np.unique(distances, return_counts=True)
    frequent = int(values[counts.argmax()])
    num_frequent = int(counts.max())
    if frequent in ROUND_SECONDS:
        wanted = MOST
    else:
        wanted = NEARLY_ALL
    is_usual = np.mean(distances % frequent == 0) >= wanted and num_frequent >= SHARE_OF_ONE * len(
        distances
    )
    if is_usual and _phase(seconds, frequent) is not None:
        return frequent, ""
    steps = _round_steps(distances)
    kept = next((step for step in steps if _phase(seconds, step) is not None), 0)
    if kept:
        return kept, f"stamps vary by up to {steps[kept]:,} s: each is snapped to the nearest step"
    if is_usual:
        return frequent, ""
    if steps:  # a clock that runs away from every grid
        nearest = min(steps, key=lambda step: abs(np.median(distances) - step))
        return nearest, f"stamps vary by up to {steps[nearest]:,} s"
    raise LoadError(
        f"the time column {shorten(name)} has no regular step: its most frequent distance, "
        f"{frequent:,} s, is that of {num_frequent:,} of {len(distances):,} rows",
        expected="rows that are whole numbers of steps apart",
        fix=f"--set load.step={_word_near(min(distances.mean(), np.median(distances)))} "
        f"lays them on a grid, the mean of those that share a step (or another: {STEP_WORDS})",
    )


def _round_steps(distances):
    """Round lengths in seconds, the longest first, of which nearly all distances are whole numbers
    but for a sixth, and some are one: each with the largest difference.
    """
    found = {}
    for step in reversed(ROUND_SECONDS[1:]):
        parts = np.maximum(np.round(distances / step), 1)
        off = np.abs(distances - parts * step)
        is_near = off <= step / 6
        if np.mean(is_near) >= NEARLY_ALL and np.mean(is_near & (parts == 1)) >= SHARE_OF_ONE:
            found[step] = int(off.max())
    return found


def _word_near(seconds):
    """The step in words that is the next longer one of a distance, so that most steps have
    a row.
    """
    words = {
        60: "1min",
        300: "5min",
        3600: "1h",
        DAY_SECONDS: "1D",
        WEEK_SECONDS: "week",
        MONTH_SECONDS: "month",
        3 * MONTH_SECONDS: "quarter",
        12 * MONTH_SECONDS: "year",
    }
    return next((word for size, word in words.items() if size >= 0.9 * seconds), "year")


def _phase(seconds, step):
    """(phase, early) where nearly all stamps lie within a quarter of a step around a place, else
    None.
    """
    remainders = seconds % step
    frequent = _most_frequent(remainders)
    share = np.mean(remainders == frequent)
    if share >= MOST:
        place = frequent
    else:
        place = _middle(remainders, step)
    off = (remainders - place + step // 2) % step - step // 2
    if np.mean(np.abs(off) <= step / 4) < NEARLY_ALL:
        return None
    return place, step // 2


def _middle(remainders, step):
    """The mean place on the circle of a step, rounded to a round number of seconds, at most a 24th
    of it.
    """
    angles = remainders * (2 * np.pi / step)
    mean = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()) / (2 * np.pi) * step
    fine = max(
        (each for each in ROUND_SECONDS if each * 24 <= step and step % each == 0), default=1
    )
    return int(round(mean / fine) * fine) % step


def _refuse_unlike_phases(times, series, step, names):
    """Raises LoadError where series keep to a phase each, but not to one."""
    places = []
    for code, seconds in zip(
        np.unique(series), _by_series(times.astype(np.int64), series), strict=True
    ):
        if _phase(seconds, step) is None:
            return
        places.append((code, seconds[0]))
    if len(places) < 2:
        return
    (one, first), *others = places
    other, second = max(
        others, key=lambda each: min((each[1] - first) % step, (first - each[1]) % step)
    )
    at = [str(np.datetime64(int(each), "s")) for each in (first, second)]
    raise LoadError(
        f"steps of {step:,} s that begin at other times in other series: {shorten(names[one])} at "
        f"{at[0]}, {shorten(names[other])} at {at[1]}",
        expected="series whose stamps lie on one grid",
        fix=f"shift the stamps of one, load them apart (load.only), or --set load.step={2 * step}s "
        "for the means of steps that hold both",
    )


def _by_series(values, series):
    """The values of each series, in the order of their codes."""
    order = np.argsort(series, kind="stable")
    return np.split(values[order], np.flatnonzero(np.diff(series[order])) + 1)


def _most_frequent(values):
    found, counts = np.unique(values, return_counts=True)
    return int(found[counts.argmax()])
