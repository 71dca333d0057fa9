"""Time stamps as they come → a regular grid: unordered, duplicated, missing and zoned ones."""

from dataclasses import dataclass

import numpy as np

from ..device.cells import is_missing, shorten
from ..errors import LoadError
from ..kinds import read_times

MAX_GRID_SHARE = 200  # steps of the grid for each row of the source
_OFFSET_MARKS = ("Z", "z")


@dataclass(frozen=True)
class Gridded:
    """Rows of a source on a grid. `places`: int64 [rows], the grid row of each; `time`: datetime64[s] [grid rows];
    `series`: int64 [grid rows]; `step_seconds`; how many rows were out of order, shared their step with others, and how
    many steps have no row."""

    places: np.ndarray
    time: np.ndarray
    series: np.ndarray
    step_seconds: int
    num_unordered: int
    num_shared: int
    num_absent: int


def read_zoned_times(cells, name: str, zone: str, missing: frozenset[str], given: str = "") -> tuple[np.ndarray, str]:
    """(datetime64[s] [rows] in UTC; the format that they are written in, see `read_times`): of time stamps with
    offsets; or of local times of `zone`, an IANA name, whose hour that comes twice in autumn is told apart by its order
    and whose hour that never comes in spring is moved on; or as they stand. Raises LoadError for a mixture, for stamps
    without a time, and where the zone is unknown."""
    absent = sum(is_missing(cell, missing) for cell in cells)
    if absent:
        raise LoadError(f"{absent:,} rows without a time in {shorten(name)}", expected="a time in every row",
                        fix="remove these rows")
    if not isinstance(cells, np.ndarray):
        zoned = sum(_has_offset(str(cell).strip()) for cell in cells)
        if 0 < zoned < len(cells):
            raise LoadError(f"{zoned:,} time stamps in {shorten(name)} with an offset from UTC, "
                            f"{len(cells) - zoned:,} without", expected="one way to write times",
                            fix="write the offset in every row, or in none")
        if zoned and zone:
            raise LoadError(f"load.zone={zone!r} for time stamps that have an offset from UTC", expected="one of both",
                            fix="leave load.zone empty")
    times, written = read_times(cells, name, missing, given)
    times = times.astype("datetime64[s]")
    return (_from_zone(times, name, zone) if zone else times), written


def _has_offset(text):
    clock = text[10:]
    return clock.endswith(_OFFSET_MARKS) or "+" in clock or clock.rfind("-") > 2


def _from_zone(times, name, zone):
    import zoneinfo

    import pandas as pd
    try:
        place = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise LoadError(f"load.zone={zone!r}", expected="an IANA name such as Europe/Berlin",
                        fix="correct the name, or write times in UTC") from None
    index = pd.DatetimeIndex(times)
    try:
        zoned = index.tz_localize(place, ambiguous="infer", nonexistent="shift_forward")
    except ValueError:  # no order tells which of two hours a lone stamp means
        zoned = index.tz_localize(place, ambiguous=np.zeros(len(index), bool), nonexistent="shift_forward")
    return zoned.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")


def to_grid(times: np.ndarray, series: np.ndarray, *, step: str, name: str) -> Gridded:
    """datetime64[s] [rows] and int64 [rows] → their grid: each series from its first step to its last, every stamp in
    the step that it lies in. `step`: "5min", "1h", "1D"; the most frequent distance where it is empty. Raises LoadError
    where there is no step, or hardly any row in most of the grid, as after one stamp of another century."""
    order = np.lexsort((times, series))
    distances = np.diff(times[order]).astype(np.int64)[np.diff(series[order]) == 0]
    unordered = int(((np.diff(times) < np.timedelta64(0)) & (np.diff(series) == 0)).sum())
    seconds = _seconds(step) if step else _most_frequent(distances, name)
    steps = times.astype(np.int64) // seconds
    codes, begins = np.unique(series[order], return_index=True)
    first = steps[order][begins]
    lengths = steps[order][np.append(begins[1:], len(order)) - 1] - first + 1
    if lengths.sum() > MAX_GRID_SHARE * len(times) + 1000:
        extremes = f"{times.min()} to {times.max()}"
        raise LoadError(f"{len(times):,} rows from {extremes} in steps of {seconds:,} s: a grid of {lengths.sum():,} "
                        "steps", expected=f"at most {MAX_GRID_SHARE} steps for each row",
                        fix="mend stamps of another century, or give the step: --set load.step=1D")
    starts = np.cumsum([0, *lengths])[:-1]
    which = np.searchsorted(codes, series)
    places = steps - first[which] + starts[which]
    shared = len(places) - len(np.unique(places))
    time = np.concatenate([(start + np.arange(length)) * seconds for start, length in zip(first, lengths, strict=True)])
    return Gridded(places, time.astype("datetime64[s]"), np.repeat(codes, lengths), seconds, unordered, shared,
                   int(lengths.sum()) - (len(places) - shared))


def _seconds(step):
    import pandas as pd
    try:
        seconds = pd.Timedelta(step).total_seconds()
    except ValueError:
        seconds = 0.0
    if seconds < 1 or seconds != round(seconds):
        raise LoadError(f"load.step={step!r}", expected="whole seconds or more, such as 5min, 1h, 1D",
                        fix="--set load.step=1h")
    return int(seconds)


def _most_frequent(distances, name):
    positive = distances[distances > 0]
    if not len(positive):
        raise LoadError(f"the time column {shorten(name)} has no two different times of one series",
                        expected="rows that follow each other in time", fix="name another column with --time, or the "
                        "one that tells series apart with --id")
    values, counts = np.unique(positive, return_counts=True)
    return int(values[counts.argmax()])


def mean_by_place(values: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    """float64 [size]: the mean of the values (NaN passed over) of each place; NaN where there is none."""
    known = ~np.isnan(values)
    total = np.bincount(places[known], weights=values[known], minlength=size)
    count = np.bincount(places[known], minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
