"""Midnight as the end of a day: 24:00, which ISO 8601 knows and Python 3.11 to 3.13 refuse."""

import re

_END_OF_DAY = re.compile(r"([ T])24:00(:00(?:[.,]0+)?)?(?![0-9:.,])")


def split_end_of_day(text: str) -> tuple[str, int]:
    """(the text with 00:00 in the place of 24:00, the days to add: 1; or the text as it is, 0)."""
    if "24:00" not in text:
        return text, 0
    start, count = _END_OF_DAY.subn(r"\g<1>00:00\g<2>", text, count=1)
    return start, count
