"""Steps of a fixed number of seconds, found from the distances between time stamps."""

import numpy as np

from ..device.calendar import (
    DAY_SECONDS,
    MONTH_SECONDS,
    SECOND,
    Calendar,
)
from ..device.cells import shorten
from ..errors import LoadError
from .pace import MONDAY, MOST, NEARLY_ALL, STEP_WORDS, WEEK_SECONDS, Pace

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
# of distances that are one step long, at least: a grid with hardly two rows in a row is none
SHARE_OF_ONE = 0.1


def step_of_seconds(times, series, distances, *, name, names):
    step, note = _step_seconds(times.astype(np.int64), distances, name)
    if phase_of(times.astype(np.int64), step) is None:
        _refuse_unlike_phases(times, series, step, names)
    pace = second_pace(times, step)
    return Pace(pace.step_seconds, pace.calendar, note)


def second_pace(times, seconds):
    found = phase_of(times.astype(np.int64), seconds)
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
    if is_usual and phase_of(seconds, frequent) is not None:
        return frequent, ""
    steps = _round_steps(distances)
    kept = next((step for step in steps if phase_of(seconds, step) is not None), 0)
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


def phase_of(seconds, step):
    """(phase, early) where nearly all stamps lie within a quarter of a step around a place, else
    None.
    """
    remainders = seconds % step
    frequent = most_frequent(remainders)
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
        np.unique(series), by_series(times.astype(np.int64), series), strict=True
    ):
        if phase_of(seconds, step) is None:
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


def by_series(values, series):
    """The values of each series, in the order of their codes."""
    order = np.argsort(series, kind="stable")
    return np.split(values[order], np.flatnonzero(np.diff(series[order])) + 1)


def most_frequent(values):
    found, counts = np.unique(values, return_counts=True)
    return int(found[counts.argmax()])
