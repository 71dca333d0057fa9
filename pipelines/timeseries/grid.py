"""Time stamps as they come → a regular grid: unordered, duplicated, missing and zoned ones."""

from dataclasses import dataclass

import numpy as np

from ..device.cells import Column, is_missing, read_column, shorten
from ..device.flow import check_format
from ..device.frame import Frame
from ..errors import LoadError
from ..sources.dates import date_format
from ..sources.kinds import read_times
from .pace import Pace

MAX_GRID_SHARE = 200  # steps of the grid for each row of the source
FIRST_YEAR, LAST_YEAR = 1500, 2500  # numbers of four digits outside of these are no years
_OFFSET_MARKS = ("Z", "z")


@dataclass(frozen=True)
class Gridded:
    """Rows of a source on a grid. `places`: int64 [rows], the grid row of each; `time`:
    datetime64[s] [grid rows]; `series`: int64 [grid rows]; `pace`: the steps; how many rows were
    out of order, shared their step with others, and how many steps have no row.
    """

    places: np.ndarray
    time: np.ndarray
    series: np.ndarray
    pace: Pace
    num_unordered: int
    num_shared: int
    num_absent: int


def read_zoned_times(
    cells, name: str, zone: str, missing: frozenset[str], *, given: str = ""
) -> tuple[np.ndarray, str]:
    """(datetime64[s] [rows] in UTC; the format that they are written in, see `read_times`): of time
    stamps with offsets; or of local times of `zone`, an IANA name, whose hour that comes twice in
    autumn is recognized by its order and whose hour that never comes in spring is moved on; or as
    they stand. `given`: the kind of the column, such as "date:unix". Raises LoadError for a
    mixture, for stamps without a time, for numbers of an unknown unit, and where the zone is
    unknown.
    """
    times, written = read_stamps(cells, name, zone, missing, given=given)
    return (from_zone(times, name, zone) if zone else times), written


def read_stamps(
    cells, name: str, zone: str, missing: frozenset[str], *, given: str = ""
) -> tuple[np.ndarray, str]:
    """As `read_zoned_times`, but local times of a zone stay as they are written."""
    _refuse_absent(cells, name, missing)
    if not isinstance(cells, np.ndarray):
        _refuse_mixed_zones(cells, name, zone)
    kind, _, date_words = given.partition(":")
    if kind not in ("", "date"):
        raise LoadError(
            f"the kind {given!r} for the time column {shorten(name)}",
            expected="a date",
            fix=f"--kind '{name}=date:%d.%m.%Y', or =date:unix",
        )
    if date_words:
        return _read_given_format(cells, name, missing, date_words), date_words
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iu":
        # 20240131 is a date in CSV, and in Parquet too.
        cells = [str(cell) for cell in cells.tolist()]
    _refuse_numbers(cells, name, missing)
    times, written = read_times(cells, name, missing)
    return times.astype("datetime64[s]"), written


def _refuse_absent(cells, name, missing):
    absent = sum(is_missing(cell, missing) for cell in cells)
    if absent:
        raise LoadError(
            f"{absent:,} rows without a time in {shorten(name)}",
            expected="a time in every row",
            fix="remove these rows",
        )


def _refuse_mixed_zones(cells, name, zone):
    """Raises LoadError if some stamps have an offset from UTC, or all and a zone is given too."""
    zoned = sum(_has_offset(str(cell).strip()) for cell in cells)
    if 0 < zoned < len(cells):
        raise LoadError(
            f"{zoned:,} time stamps in {shorten(name)} with an offset from UTC, "
            f"{len(cells) - zoned:,} without",
            expected="one way to write times",
            fix="write the offset in every row, or in none",
        )
    if zoned and zone:
        raise LoadError(
            f"load.zone={zone!r} for time stamps that have an offset from UTC",
            expected="one of both",
            fix="leave load.zone empty",
        )


def _read_given_format(cells, name, missing, date_words):
    """datetime64[s] [rows] of cells in the format that the user gave."""
    try:
        check_format(date_words)
    except ValueError as error:
        raise LoadError(
            f"the kind 'date:{date_words}' for the time column {shorten(name)}: {error}",
            expected="a format of datetime.strptime, or unix",
            fix=f"--kind '{name}=date:%d.%m.%Y'",
        ) from None
    times, bad = read_column(cells, Column(name, "date", date_words), missing)
    if bad:
        raise LoadError(
            f"the time column {shorten(name)}, row {bad[0].row}: {bad[0].reason}: {bad[0].value}",
            expected=f"times of the format {date_words} in every row",
            fix="correct the format in --kind, or the cell",
        )
    return times.astype("datetime64[s]")


def _refuse_numbers(cells, name, missing):
    """Raises LoadError for numbers that are no dates: their unit is unknown, and so is what a day
    or an hour is.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return
    if isinstance(cells, np.ndarray):
        found = ""
    else:
        found = date_format(name, cells, missing)[0]
    numbers, bad = read_column(cells, Column(name, "numeric"), missing)
    is_year = (
        found == "%Y"
        and len(numbers)
        and FIRST_YEAR <= np.nanmin(numbers) <= np.nanmax(numbers) <= LAST_YEAR
    )
    if bad or (found and found != "%Y") or is_year:
        return
    raise LoadError(
        f"the time column {shorten(name)} holds numbers such as {shorten(cells[0])}",
        expected="dates and times, or numbers whose unit is given",
        fix=f"--kind '{name}=date:unix' for seconds since 1970 "
        "(divide milliseconds by 1,000); of row numbers write time stamps first, for example with "
        "pandas.date_range('2024-01-01', periods=len(table), freq='1h')",
    )


def _has_offset(text):
    clock = text[10:]
    return clock.endswith(_OFFSET_MARKS) or "+" in clock or clock.rfind("-") > 2


def from_zone(times: np.ndarray, name: str, zone: str) -> np.ndarray:
    """datetime64[s] [rows] of local times as UTC. Raises LoadError for an unknown zone."""
    import zoneinfo

    import pandas as pd

    try:
        place = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise LoadError(
            f"load.zone={zone!r}",
            expected="an IANA name such as Europe/Berlin",
            fix="correct the name, or write times in UTC",
        ) from None
    index = pd.DatetimeIndex(times)
    try:
        zoned = index.tz_localize(place, ambiguous="infer", nonexistent="shift_forward")
    except ValueError:  # no order shows which of two hours a lone stamp means
        zoned = index.tz_localize(
            place, ambiguous=np.zeros(len(index), bool), nonexistent="shift_forward"
        )
    return zoned.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")


def to_grid(times: np.ndarray, series: np.ndarray, pace: Pace) -> Gridded:
    """datetime64[s] [rows] and int64 [rows] → their grid: each series from its first step to its
    last, every stamp in its step. Raises LoadError where hardly any row lies in most of the grid,
    as after one stamp of another century.
    """
    unordered = int(((np.diff(times) < np.timedelta64(0)) & (np.diff(series) == 0)).sum())
    frame = Frame("", pace.step_seconds, 1, calendar=pace.calendar)
    steps = frame.numbers(times)
    order = np.lexsort((steps, series))
    codes, begins = np.unique(series[order], return_index=True)
    first = steps[order][begins]
    lengths = steps[order][np.append(begins[1:], len(order)) - 1] - first + 1
    if lengths.sum() > MAX_GRID_SHARE * len(times) + 1000:
        extremes = f"{times.min()} to {times.max()}"
        raise LoadError(
            f"{len(times):,} rows from {extremes} in steps of {pace.step_seconds:,} s: a grid of "
            f"{lengths.sum():,} steps",
            expected=f"at most {MAX_GRID_SHARE} steps for each row",
            fix="correct stamps of another century, or give the step: --set load.step=1D",
        )
    starts = np.cumsum([0, *lengths])[:-1]
    which = np.searchsorted(codes, series)
    places = steps - first[which] + starts[which]
    shared = len(places) - len(np.unique(places))
    numbers = np.concatenate(
        [start + np.arange(length) for start, length in zip(first, lengths, strict=True)]
    )
    return Gridded(
        places,
        frame.dates(numbers),
        np.repeat(codes, lengths),
        pace,
        unordered,
        shared,
        int(lengths.sum()) - (len(places) - shared),
    )


def mean_by_place(values: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    """float64 [size]: the mean of the values (NaN passed over) of each place; NaN where there is
    none.
    """
    known = ~np.isnan(values)
    total = np.bincount(places[known], weights=values[known], minlength=size)
    count = np.bincount(places[known], minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
