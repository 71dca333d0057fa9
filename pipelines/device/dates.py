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
    """Returns a text with 00:00 in the place of 24:00, and the days to add, 1 or 0."""
    if "24:00" not in text:
        return text, 0
    return _END_OF_DAY.subn(r"\g<1>00:00\g<2>", text, count=1)


def read_time(cell: object, date_format: str) -> np.datetime64 | None:
    """Returns the time of a cell in UTC, datetime64[s]; None if it is not of the format.

    Args:
        cell: A text, a number, or a date of Python or numpy.
        date_format: As a `Column` states it.
    """
    text = str(cell).strip()
    try:
        if isinstance(cell, (np.datetime64, date)):
            return _as_utc(_typed_time(cell))
        if date_format == UNIX:
            return _unix_time(text)
        text, days = split_end_of_day(text)
        if date_format == "ISO8601":
            time = datetime.fromisoformat(text)
        else:
            time = datetime.strptime(text, date_format)
        return _as_utc(time, days)
    except (ValueError, OverflowError, TypeError):
        return None


def _typed_time(cell):
    """Returns the time of a date of Python or numpy."""
    if isinstance(cell, np.datetime64):
        return cell.astype("datetime64[s]").item()
    if isinstance(cell, datetime):
        return cell
    return datetime(cell.year, cell.month, cell.day)


def _as_utc(time, days=0):
    """Returns a time with or without a zone in UTC, some days later, datetime64[s]."""
    if time.tzinfo is not None:
        in_utc = time.astimezone(UTC)
        time = in_utc.replace(tzinfo=None)
    time += timedelta(days=days)
    return np.datetime64(time, "s")


def _unix_time(text):
    """Returns the time of a number of seconds since 1970, or None; a part of a second is cut."""
    if not _UNIX_SECONDS.fullmatch(text):
        return None
    seconds = math.floor(float(text))
    time = np.datetime64(seconds, "s")
    if FIRST_TIME <= time <= LAST_TIME:
        return time
    return None


def write_time(time: np.datetime64, date_format: str) -> str:
    """Returns a time for people: ISO 8601, or seconds since 1970 if its column has these."""
    if date_format == UNIX:
        seconds = time.astype("datetime64[s]").astype(np.int64)
        return str(seconds)
    return str(time)
