"""Dates in digits, such as 31.1.2024, 20240131 or 2024-01-31 12:30, read many at once.

What is such a date beyond doubt is read here; `dates.read_time` decides on every other cell.
"""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

# Day, month and year in any order, then perhaps hours and minutes, and seconds. With these no cell
# has 24:00 anywhere but in the place of the hour.
_IN_DIGITS = re.compile(r"%[Ymd]([-/.]?)%[Ymd]([-/.]?)%[Ymd](?:[ T]%H:%M(?::%S)?)?")
_ISO8601 = re.compile(
    r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
    r"(?:[ T](?P<H>[0-9]{2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2}))?)?"
)
_FIELDS = "YmdHMS"
_YEAR_ZERO = np.datetime64("0000-01", "M")
_FEWEST = (1, 1, 1, 0, 0, 0)
_MOST = (9999, 12, 31, 23, 59, 59)


def times_in_digits(
    cells: Sequence, date_format: str, missing: frozenset[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Reads the dates that are digits and the marks of their format.

    Args:
        cells: Of the column.
        date_format: As a `Column` states it.
        missing: The words that are read as missing.

    Returns:
        datetime64[s] [rows], NaT where it is not read, and bool [rows]: what is read, as
        `dates.read_time` reads it.
    """
    times = np.full(len(cells), np.datetime64("NaT", "s"))
    is_read = np.zeros(len(cells), bool)
    pattern = _pattern(date_format)
    if pattern is None:
        return times, is_read
    order = [pattern.groupindex.get(field) for field in _FIELDS]
    rows = []
    digits = []
    for row, cell in enumerate(cells):
        if type(cell) is not str or cell in missing:
            continue
        found = pattern.fullmatch(cell)
        if found:
            rows.append(row)
            digits.append(found.groups("0"))
    if not rows:
        return times, is_read
    columns = list(zip(*digits, strict=True))
    numbers = []
    for place in order:
        number = np.zeros(len(rows), np.int64)
        if place is not None:
            number = _whole(columns[place - 1])
        numbers.append(number)
    found_times, is_date = _times_of(numbers)
    places = np.array(rows)[is_date]
    times[places] = found_times[is_date]
    is_read[places] = True
    return times, is_read


@cache
def _pattern(date_format):
    """Returns what dates of a format look like, with a group a field; None for other formats."""
    if date_format == "ISO8601":
        return _ISO8601
    marks = _IN_DIGITS.fullmatch(date_format)
    fields = set(re.findall("%(.)", date_format))
    if marks is None or not fields.issuperset("Ymd"):
        return None
    # Between marks a day or month of one digit is beyond doubt, without one it is not.
    size = "{1,2}"
    if "" in marks.groups():
        size = "{2}"

    def group(part):
        field = part.group(1)
        if field == "Y":
            return "(?P<Y>[0-9]{4})"
        return f"(?P<{field}>[0-9]{size})"

    escaped = date_format.replace(".", "[.]")
    return re.compile(re.sub("%(.)", group, escaped))


def _whole(texts):
    """Returns texts of digits as int64 [rows]."""
    return np.fromiter(map(int, texts), np.int64, len(texts))


def _times_of(numbers):
    """Returns datetime64[s] [rows] of year, month, day, hour, minute and second, int64 [rows]
    each, and which of them are dates.
    """
    is_date = np.ones(len(numbers[0]), bool)
    for number, least, most in zip(numbers, _FEWEST, _MOST, strict=True):
        is_date &= least <= number
        is_date &= number <= most
    years, months, days, hours, minutes, seconds = numbers
    months_since = 12 * years + months - 1
    month = _YEAR_ZERO + months_since
    first_day = month.astype("datetime64[D]")
    day = first_day + (days - 1)
    month_of_day = day.astype("datetime64[M]")
    is_date &= month_of_day == month  # no 31st of April
    midnight = day.astype("datetime64[s]")
    since_midnight = 3600 * hours + 60 * minutes + seconds
    return midnight + since_midnight, is_date
