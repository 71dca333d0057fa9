"""Numbers as people write them: decimal marks, groups of thousands, signs and units.

targets/web/page/numbers.js is the twin of this file: what is changed here is changed there.
"""

import math
import re
from functools import lru_cache

DECIMALS = (".", ",")
# The mark that parts thousands → the letters that are read as it: spaces of every width, both
# apostrophes.
THOUSANDS = {"": "", ".": ".", ",": ",", " ": " \u00a0\u202f\u2009", "'": "'\u2019"}
# Further marks of a column: a number in parentheses is negative; a minus may stand behind; k is
# thousand, M million.
PARENTHESES = "("
MINUS_BEHIND = "-"
MAGNITUDES = "k"
MARKS = PARENTHESES + MINUS_BEHIND + MAGNITUDES
MAX_UNIT_CHARACTERS = 12
_POWERS = {"": "", "k": "e3", "K": "e3", "M": "e6"}
_MINUS = "\u2212"
_NO_UNIT = re.compile("[\\s0-9.,'\u2019()+\\-\u2212_\ud800-\udfff]")


def check_style(column) -> None:
    """Raises ValueError where no number could be written as the column's `decimal`, `thousands`,
    `unit` and `marks` state.
    """
    if column.decimal not in DECIMALS:
        raise ValueError(f"column {column.name!r}: the decimal mark {column.decimal!r}")
    if column.thousands not in THOUSANDS or column.thousands == column.decimal:
        raise ValueError(f"column {column.name!r}: the thousands mark {column.thousands!r}")
    if len(column.unit) > MAX_UNIT_CHARACTERS or _NO_UNIT.search(column.unit):
        raise ValueError(f"column {column.name!r}: the unit {column.unit!r}")
    if not set(column.marks) <= set(MARKS):
        raise ValueError(f"column {column.name!r}: the marks {column.marks!r}")


def read_number(text: str, column) -> float:
    """Returns the number of a cell without white space at its ends, written as the column states; a
    unit is left out.

    Raises ValueError for everything else: badly formed groups, another unit, a cell without the
    column's unit.
    """
    if not column.unit:
        value = _plain_number(text, column.decimal)
        if value is not None:
            return value
    found = _pattern(column.decimal, column.thousands, column.unit, column.marks).fullmatch(
        text.replace(_MINUS, "-")
    )
    if not found:
        raise ValueError(text)
    parts = found.groupdict("")
    negative = parts["sign"] + parts["sign_inside"] + parts["minus"] + parts["minus_behind"]
    opened = parts["open"] + parts["open_inside"]
    closed = parts["close"] + parts["close_behind"]
    units = bool(parts["unit"]) + bool(parts["unit_behind"])
    if len(negative + opened) > 1 or len(opened) != len(closed) or units != bool(column.unit):
        raise ValueError(text)
    digits = parts["number"]
    for letter in THOUSANDS[column.thousands]:
        digits = digits.replace(letter, "")
    value = float(digits.replace(column.decimal, ".") + _POWERS[parts["power"]])
    if "-" in negative or opened:
        return -value
    return value


def _plain_number(text, decimal):
    """The number of a text without groups and unit; None for other texts, as most cells need no
    more than this.
    """
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    # float() is kinder than a data file should be: 1_000 is a Python spelling, other scripts'
    # digits are text, and a nan that is not among the missing words was not meant as one.
    if "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if math.isnan(value):
        return None
    return value


@lru_cache(maxsize=256)
def _pattern(decimal, thousands, unit, marks):
    point = re.escape(decimal)
    if unit:
        space = f"[{THOUSANDS[' ']}]*"
    else:
        space = ""
    whole = "[0-9]+"
    if thousands:
        whole = f"(?:[1-9][0-9]{{0,2}}(?:[{THOUSANDS[thousands]}][0-9]{{3}})+|[0-9]+)"
    number = f"(?P<number>(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    power = "(?P<power>[kKM]?)"
    if MAGNITUDES not in marks:
        power = "(?P<power>)"
    if PARENTHESES in marks:
        opened, closed = (r"\(?", r"\)?")
    else:
        opened, closed = ("", "")
    if MINUS_BEHIND in marks:
        minus = "-?"
    else:
        minus = ""
    unit = f"(?:{re.escape(unit)})?"
    return re.compile(
        f"(?P<sign>[+-]?)(?P<open>{opened}){space}(?P<unit>{unit}){space}(?P<open_inside>{opened})"
        f"(?P<sign_inside>[+-]?){number}{power}(?P<minus>{minus})(?P<close>{closed}){space}"
        f"(?P<unit_behind>{unit})(?P<minus_behind>{minus})(?P<close_behind>{closed})"
    )
