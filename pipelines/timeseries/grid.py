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
_DATE_LENGTH = 10  # characters of 2024-01-31, behind which the time of day begins


@dataclass(frozen=True)
class RegularGrid:
    """Rows of a source on a regular grid.

    Attributes:
        places: The step of each row, int64 [rows].
        time: datetime64[s] [steps].
        series: The code of each step's series, int64 [steps].
        pace: How far apart steps are.
        num_unordered: How many rows were out of order.
        num_shared: How many rows share their step with others.
        num_absent: How many steps have no row.
    """

    places: np.ndarray
    time: np.ndarray
    series: np.ndarray
    pace: Pace
    num_unordered: int
    num_shared: int
    num_absent: int

    def num_series(self) -> int:
        """Returns how many series there are."""
        return len(np.unique(self.series))


def read_zoned_times(
    cells, name: str, zone: str, missing: frozenset[str], *, given: str = ""
) -> tuple[np.ndarray, str]:
    """Reads time stamps with offsets, of a zone, or as they stand.

    Of local times the hour that comes twice in autumn is recognized by its order, and the hour that
    never comes in spring is moved on.

    Args:
        cells: Time stamps, one a row.
        name: Of their column.
        zone: The IANA name of the zone of local times, or "".
        missing: The words that read as missing.
        given: The kind of the column, such as "date:unix", or "".

    Returns:
        Times in UTC, datetime64[s] [rows], and the format that they are written in, see
        `read_times`.

    Raises:
        LoadError: For a mixture, for stamps without a time, for numbers of an unknown unit, and for
            an unknown zone.
    """
    times, written = read_stamps(cells, name, zone, missing, given=given)
    if zone:
        times = from_zone(times, name, zone)
    return times, written


def read_stamps(
    cells, name: str, zone: str, missing: frozenset[str], *, given: str = ""
) -> tuple[np.ndarray, str]:
    """Reads time stamps as `read_zoned_times`, but leaves local times of a zone as written."""
    is_typed = isinstance(cells, np.ndarray)
    _refuse_absent(cells, name, missing)
    if not is_typed:
        _refuse_mixed_zones(cells, name, zone)
    kind, _, date_words = given.partition(":")
    if kind not in ("", "date"):
        raise LoadError(
            f"the kind {given!r} for the time column {shorten(name)}",
            expected="a date",
            fix=f"--kind '{name}=date:%d.%m.%Y', or =date:unix",
        )
    if date_words:
        times = _read_given_format(cells, name, missing, date_words)
        return times, date_words
    if is_typed and cells.dtype.kind in "iu":
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
    num_zoned = sum(_has_offset(str(cell).strip()) for cell in cells)
    num_local = len(cells) - num_zoned
    if num_zoned and num_local:
        raise LoadError(
            f"{num_zoned:,} time stamps in {shorten(name)} with an offset from UTC, "
            f"{num_local:,} without",
            expected="one way to write times",
            fix="write the offset in every row, or in none",
        )
    if num_zoned and zone:
        raise LoadError(
            f"load.zone={zone!r} for time stamps that have an offset from UTC",
            expected="one of both",
            fix="leave load.zone empty",
        )


def _read_given_format(cells, name, missing, date_words):
    """Returns datetime64[s] [rows] of cells in the format that the user gave."""
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
        first = bad[0]
        raise LoadError(
            f"the time column {shorten(name)}, row {first.row}: {first.reason}: {first.value}",
            expected=f"times of the format {date_words} in every row",
            fix="correct the format in --kind, or the cell",
        )
    return times.astype("datetime64[s]")


def _refuse_numbers(cells, name, missing):
    """Raises LoadError for numbers that are no dates: their unit is unknown, and so is what a day
    or an hour is.
    """
    is_typed = isinstance(cells, np.ndarray)
    if is_typed and cells.dtype.kind == "M":
        return
    date_words = ""
    if not is_typed:
        date_words = date_format(name, cells, missing)[0]
    numbers, bad = read_column(cells, Column(name, "numeric"), missing)
    if bad:
        return
    if date_words == "%Y" and _are_years(numbers):
        return
    if date_words not in ("", "%Y"):
        return
    raise LoadError(
        f"the time column {shorten(name)} holds numbers such as {shorten(cells[0])}",
        expected="dates and times, or numbers whose unit is given",
        fix=f"--kind '{name}=date:unix' for seconds since 1970 "
        "(divide milliseconds by 1,000); of row numbers write time stamps first, for example with "
        "pandas.date_range('2024-01-01', periods=len(table), freq='1h')",
    )


def _are_years(numbers):
    if not len(numbers):
        return False
    earliest = np.nanmin(numbers)
    latest = np.nanmax(numbers)
    return FIRST_YEAR <= earliest <= latest <= LAST_YEAR


def _has_offset(text):
    clock = text[_DATE_LENGTH:]
    if clock.endswith(_OFFSET_MARKS) or "+" in clock:
        return True
    return clock.rfind("-") > 2


def from_zone(times: np.ndarray, name: str, zone: str) -> np.ndarray:
    """Turns local times into UTC.

    Args:
        times: datetime64[s] [rows].
        name: Of their column.
        zone: The IANA name of their zone.

    Returns:
        datetime64[s] [rows].

    Raises:
        LoadError: For an unknown zone.
    """
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
        is_summer = np.zeros(len(index), bool)
        zoned = index.tz_localize(place, ambiguous=is_summer, nonexistent="shift_forward")
    in_utc = zoned.tz_convert("UTC").tz_localize(None)
    return in_utc.to_numpy().astype("datetime64[s]")


def to_grid(times: np.ndarray, series: np.ndarray, pace: Pace) -> RegularGrid:
    """Lays rows on a grid, each series from its first step to its last.

    Args:
        times: datetime64[s] [rows].
        series: The code of each row's series, int64 [rows].
        pace: How far apart steps are.

    Returns:
        The grid, with every time stamp in its step.

    Raises:
        LoadError: If hardly any row lies in most of the grid, as after one stamp of another
            century.
    """
    num_rows = len(times)
    frame = Frame("", pace.step_seconds, 1, calendar=pace.calendar)
    steps = frame.numbers(times)
    order = np.lexsort((steps, series))
    sorted_steps = steps[order]
    codes, begins = np.unique(series[order], return_index=True)
    ends = np.append(begins[1:], num_rows)
    first = sorted_steps[begins]
    last = sorted_steps[ends - 1]
    lengths = last - first + 1
    num_steps = int(lengths.sum())
    _refuse_sparse(times, num_steps, pace)
    starts = np.cumsum(lengths) - lengths
    which = np.searchsorted(codes, series)
    places = steps - first[which] + starts[which]
    num_filled = len(np.unique(places))
    place_in_series = np.arange(num_steps) - np.repeat(starts, lengths)
    numbers = np.repeat(first, lengths) + place_in_series
    return RegularGrid(
        places,
        frame.dates(numbers),
        np.repeat(codes, lengths),
        pace,
        num_unordered=_count_unordered(times, series),
        num_shared=num_rows - num_filled,
        num_absent=num_steps - num_filled,
    )


def _count_unordered(times, series):
    goes_back = np.diff(times) < np.timedelta64(0)
    is_same_series = np.diff(series) == 0
    return int((goes_back & is_same_series).sum())


def _refuse_sparse(times, num_steps, pace):
    if num_steps <= MAX_GRID_SHARE * len(times) + 1000:
        return
    extremes = f"{times.min()} to {times.max()}"
    raise LoadError(
        f"{len(times):,} rows from {extremes} in steps of {pace.step_seconds:,} s: a grid of "
        f"{num_steps:,} steps",
        expected=f"at most {MAX_GRID_SHARE} steps for each row",
        fix="correct stamps of another century, or give the step: --set load.step=1D",
    )


def mean_by_place(values: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    """Returns the mean of the known values of each place, float64 [size], NaN where there is none.

    Args:
        values: float64 [rows], NaN where one is missing.
        places: Of each row, int64 [rows].
        size: How many places there are.
    """
    is_known = ~np.isnan(values)
    known_places = places[is_known]
    total = np.bincount(known_places, weights=values[is_known], minlength=size)
    count = np.bincount(known_places, minlength=size)
    mean = total / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)
