"""What the report states of a grid, in words."""

from ..device.calendar import DAY_NAMES, MONTH, WEEKDAY
from .grid import RegularGrid
from .pace import Pace

_UNITS = (
    (86_400, "day"),
    (3600, "hour"),
    (60, "minute"),
)


def grid_in_words(grid: RegularGrid, place: str) -> str:
    """Returns the steps, the series, and what was unusual about the rows.

    Args:
        grid: The rows of a source on a grid.
        place: Where the times are of, such as "UTC".
    """
    steps = len(grid.time)
    first = grid.time.min()
    last = grid.time.max()
    parts = [f"{steps:,} steps of {_duration(grid.pace)}, {first} to {last} {place}"]
    num_series = grid.num_series()
    if num_series > 1:
        parts.append(f"{num_series:,} series")
    if grid.num_absent > 0:
        parts.append(f"{grid.num_absent:,} steps without a row")
    if grid.num_shared > 0:
        parts.append(f"{grid.num_shared:,} rows share their step with others: their mean")
    if grid.num_unordered > 0:
        parts.append(f"{grid.num_unordered:,} rows were out of order")
    if grid.pace.note:
        parts.append(grid.pace.note)
    return "; ".join(parts)


def _duration(pace: Pace) -> str:
    calendar = pace.calendar
    if calendar.unit == MONTH:
        years, months = divmod(calendar.months, 12)
        if months == 0:
            return _count(years, "year")
        return _count(calendar.months, "month")
    if calendar.unit == WEEKDAY:
        days = [DAY_NAMES[day] for day in calendar.weekdays]
        return "a day, on " + ", ".join(days)
    seconds = pace.step_seconds
    for size, name in _UNITS:
        if seconds % size == 0:
            return _count(seconds // size, name)
    return f"{seconds} s"


def _count(number: int, noun: str) -> str:
    if number > 1:
        return f"{number} {noun}s"
    return f"{number} {noun}"
