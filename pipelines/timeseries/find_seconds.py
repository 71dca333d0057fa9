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

_ROUND_IN_A_MINUTE = (1, 2, 5, 10, 15, 20, 30)
_ROUND_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_ROUND_HOURS = (1, 2, 3, 4, 6, 8, 12)
_ROUND_DAYS = (1, 2, 3, 4, 5, 6, 7, 14, 28)
ROUND_SECONDS = (
    *_ROUND_IN_A_MINUTE,
    *(60 * minutes for minutes in _ROUND_MINUTES),
    *(3600 * hours for hours in _ROUND_HOURS),
    *(DAY_SECONDS * days for days in _ROUND_DAYS),
)
# of distances that are one step long, at least: a grid with hardly two rows in a row is none
SHARE_OF_ONE = 0.1
# Seconds, the shortest first, with the word that load.step takes.
_WORDS = {
    60: "1min",
    300: "5min",
    3600: "1h",
    DAY_SECONDS: "1D",
    WEEK_SECONDS: "week",
    MONTH_SECONDS: "month",
    3 * MONTH_SECONDS: "quarter",
    12 * MONTH_SECONDS: "year",
}


def step_of_seconds(times, series, distances, *, name, names):
    """Returns the Pace of time stamps whose steps are a fixed number of seconds."""
    seconds = times.astype(np.int64)
    step, note = _step_seconds(seconds, distances, name)
    if phase_of(seconds, step) is None:
        _refuse_unlike_phases(seconds, series, step, names)
    pace = second_pace(times, step)
    return Pace(pace.step_seconds, pace.calendar, note)


def second_pace(times, seconds):
    """Returns the Pace of a step of that many seconds."""
    found = phase_of(times.astype(np.int64), seconds)
    if found is not None:
        phase, early = found
        return Pace(seconds, Calendar(SECOND, phase, early))
    # Each stamp lies in the step that it falls into; weeks begin on Monday.
    phase = 0
    if seconds % WEEK_SECONDS == 0:
        phase = MONDAY
    return Pace(seconds, Calendar(SECOND, phase))


def _step_seconds(seconds, distances, name):
    """Finds the step.

    It is the most frequent distance if most are multiples of it, nearly all if it is no round
    length, unless stamps leave its grid and keep to that of a round length.

    Returns:
        The seconds of a step, and a note if stamps vary around it.
    """
    values, counts = np.unique(distances, return_counts=True)
    frequent = int(values[counts.argmax()])
    num_frequent = int(counts.max())
    least_share = NEARLY_ALL
    if frequent in ROUND_SECONDS:
        least_share = MOST
    share_of_multiples = np.mean(distances % frequent == 0)
    is_often = num_frequent >= SHARE_OF_ONE * len(distances)
    is_usual = is_often and share_of_multiples >= least_share
    if is_usual and phase_of(seconds, frequent) is not None:
        return frequent, ""
    differences = _round_steps(distances)
    for step, largest in differences.items():
        if phase_of(seconds, step) is not None:
            return step, f"stamps vary by up to {largest:,} s: each is snapped to the nearest step"
    if is_usual:
        return frequent, ""
    median = np.median(distances)
    if differences:  # a clock that runs away from every grid
        nearest = min(differences, key=lambda step: abs(median - step))
        return nearest, f"stamps vary by up to {differences[nearest]:,} s"
    word = _word_near(min(distances.mean(), median))
    raise LoadError(
        f"the time column {shorten(name)} has no regular step: its most frequent distance, "
        f"{frequent:,} s, is that of {num_frequent:,} of {len(distances):,} rows",
        expected="rows that are whole numbers of steps apart",
        fix=f"--set load.step={word} "
        f"lays them on a grid, the mean of those that share a step (or another: {STEP_WORDS})",
    )


def _round_steps(distances):
    """Finds the round steps of which nearly all distances are whole numbers but for a sixth, and
    some are one.

    Returns:
        Step → the largest difference from whole numbers of it, in seconds, the longest step first.
    """
    differences = {}
    for step in reversed(ROUND_SECONDS[1:]):
        num_steps = np.maximum(np.round(distances / step), 1)
        off = np.abs(distances - num_steps * step)
        is_near = off <= step / 6
        is_one = is_near & (num_steps == 1)
        if np.mean(is_near) >= NEARLY_ALL and np.mean(is_one) >= SHARE_OF_ONE:
            differences[step] = int(off.max())
    return differences


def _word_near(seconds):
    """Returns the step in words that is the next longer one of a distance, so that most steps have
    a row.
    """
    for size, word in _WORDS.items():
        if size >= 0.9 * seconds:
            return word
    return "year"


def phase_of(seconds, step):
    """Returns the phase and how early a stamp may be, both in seconds, if nearly all stamps lie
    within a quarter of a step around a place; else None.
    """
    remainders = seconds % step
    place = most_frequent(remainders)
    share = np.mean(remainders == place)
    if share < MOST:
        place = _middle(remainders, step)
    half = step // 2
    off = (remainders - place + half) % step - half
    is_near = np.abs(off) <= step / 4
    if np.mean(is_near) < NEARLY_ALL:
        return None
    return place, half


def _middle(remainders, step):
    """Returns the mean place on the circle of a step, rounded to a round number of seconds, at most
    a 24th of it.
    """
    angles = remainders * (2 * np.pi / step)
    mean_angle = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())
    mean = mean_angle / (2 * np.pi) * step
    fine = 1
    for seconds in ROUND_SECONDS:
        if seconds * 24 <= step and step % seconds == 0:
            fine = seconds
    return int(round(mean / fine) * fine) % step


def _refuse_unlike_phases(seconds, series, step, names):
    """Raises LoadError if series keep to a phase each, but not to one."""
    codes = np.unique(series)
    if len(codes) < 2:
        return
    starts = []
    for of_series in by_series(seconds, series):
        if phase_of(of_series, step) is None:
            return
        starts.append(of_series[0])
    first = starts[0]

    def distance(place):
        """Returns how far a series begins from the first one on the circle of a step."""
        later = (starts[place] - first) % step
        earlier = (first - starts[place]) % step
        return min(later, earlier)

    farthest = max(range(1, len(starts)), key=distance)
    one = shorten(names[codes[0]])
    other = shorten(names[codes[farthest]])
    one_time = np.datetime64(int(first), "s")
    other_time = np.datetime64(int(starts[farthest]), "s")
    raise LoadError(
        f"steps of {step:,} s that begin at other times in other series: {one} at {one_time}, "
        f"{other} at {other_time}",
        expected="series whose stamps lie on one grid",
        fix=f"shift the stamps of one, load them apart (load.only), or --set load.step={2 * step}s "
        "for the means of steps that hold both",
    )


def by_series(values, series):
    """Returns the values of each series, in the order of their codes."""
    order = np.argsort(series, kind="stable")
    changes = np.flatnonzero(np.diff(series[order]))
    return np.split(values[order], changes + 1)


def most_frequent(values):
    """Returns the value that stands most often, the smallest of several."""
    found, counts = np.unique(values, return_counts=True)
    return int(found[counts.argmax()])
