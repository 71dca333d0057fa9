"""Dates in cells: formats, seconds since 1970, and midnight as the end of a day, 24:00, which ISO
8601 knows and Python 3.11 to 3.13 refuse.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np

UNIX = "unix"
_UNIX_SECONDS = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]*)?")
FIRST_TIME = np.datetime64("0001-01-01T00:00:00")
LAST_TIME = np.datetime64("9999-12-31T23:59:59")
_END_OF_DAY = re.compile(r"([ T])24:00(:00(?:[.,]0+)?)?(?![0-9:.,])")


def split_end_of_day(text: str) -> tuple[str, int]:
    """(the text with 00:00 in the place of 24:00, the days to add: 1; or the text as it is, 0)."""
    if "24:00" not in text:
        return text, 0
    start, count = _END_OF_DAY.subn(r"\g<1>00:00\g<2>", text, count=1)
    return start, count


def read_time(cell: object, date_format: str) -> np.datetime64 | None:
    """Returns the time of a cell in UTC, datetime64[s]; None if it is not of the format."""
    text, days = split_end_of_day(str(cell).strip())
    try:
        if isinstance(cell, np.datetime64):
            time = cell.astype("datetime64[s]").item()
        elif isinstance(cell, datetime):
            time = cell
        elif isinstance(cell, date):
            time = datetime(cell.year, cell.month, cell.day)
        elif date_format == "ISO8601":
            time = datetime.fromisoformat(text)
        elif date_format == UNIX:
            return _unix_time(text)
        else:
            time = datetime.strptime(text, date_format)
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
        time += timedelta(days=days)
    except (ValueError, OverflowError, TypeError):
        return None
    return np.datetime64(time, "s")


def _unix_time(text):
    """The time of a number of seconds since 1970, or None; a part of a second is cut."""
    if not _UNIX_SECONDS.fullmatch(text):
        return None
    time = np.datetime64(math.floor(float(text)), "s")
    if FIRST_TIME <= time <= LAST_TIME:
        return time
    return None


def write_time(time: np.datetime64, date_format: str) -> str:
    """A time for people: seconds since 1970 where its column has these, else ISO 8601."""
    if date_format == UNIX:
        return str(time.astype("datetime64[s]").astype(np.int64))
    return str(time)
