"""Numbers as people write them: decimal marks, groups of thousands, signs and units.

targets/web/page/numbers.js is the twin of this file: what is changed here is changed there.
"""

import math
import re
from functools import lru_cache

DECIMALS = (".", ",")
# The mark that parts thousands → the letters that are read as it: spaces of every width, both
# apostrophes.
THOUSANDS = {
    "": "",
    ".": ".",
    ",": ",",
    " ": " \u00a0\u202f\u2009",  # no-break, narrow no-break and thin
    "'": "'\u2019",
}
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
    """Raises ValueError if no number could be written as a column states.

    Args:
        column: A `Column`, of which `decimal`, `thousands`, `unit` and `marks` count.
    """
    fault = _style_fault(column)
    if fault:
        raise ValueError(f"column {column.name!r}: {fault}")


def _style_fault(column):
    """Returns what of a column's style is invalid, in words; "" if nothing is."""
    if column.decimal not in DECIMALS:
        return f"the decimal mark {column.decimal!r}"
    if column.thousands not in THOUSANDS or column.thousands == column.decimal:
        return f"the thousands mark {column.thousands!r}"
    if not _is_unit(column.unit):
        return f"the unit {column.unit!r}"
    if not set(column.marks) <= set(MARKS):
        return f"the marks {column.marks!r}"
    return ""


def _is_unit(text):
    """Returns whether a text can be a unit: short, and of letters that no number is made of."""
    if len(text) > MAX_UNIT_CHARACTERS:
        return False
    return not _NO_UNIT.search(text)


def read_number(text: str, column) -> float:
    """Reads a number as its column states it; a unit is left out.

    Args:
        text: The cell without white space at its ends.
        column: Its `Column`.

    Raises:
        ValueError: For everything else: badly formed groups, another unit, a cell without the
            column's unit.
    """
    if not column.unit:
        value = _plain_number(text, column.decimal)
        if value is not None:
            return value
    pattern = _pattern(column.decimal, column.thousands, column.unit, column.marks)
    found = pattern.fullmatch(text.replace(_MINUS, "-"))
    if not found:
        raise ValueError(text)
    parts = found.groupdict("")
    is_negative = _is_negative(parts)
    num_units = bool(parts["unit"]) + bool(parts["unit_behind"])
    if is_negative is None or num_units != bool(column.unit):
        raise ValueError(text)
    digits = parts["number"]
    for letter in THOUSANDS[column.thousands]:
        digits = digits.replace(letter, "")
    digits = digits.replace(column.decimal, ".")
    power = _POWERS[parts["power"]]
    value = float(digits + power)
    if is_negative:
        return -value
    return value


def _is_negative(parts):
    """Returns whether a number is negative; None for two signs, or parentheses that do not close.

    Args:
        parts: The groups of `_pattern` by name.
    """
    signs_before = parts["sign"] + parts["sign_inside"]
    signs_behind = parts["minus"] + parts["minus_behind"]
    signs = signs_before + signs_behind
    opened = parts["open"] + parts["open_inside"]
    closed = parts["close"] + parts["close_behind"]
    if len(signs + opened) > 1:
        return None
    if len(opened) != len(closed):
        return None
    return "-" in signs or opened != ""


def _plain_number(text, decimal):
    """Returns the number of a text without groups and unit; None for other texts.

    Most cells need no more than this.
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
    """Returns the expression of a number with all that may stand around its digits."""
    space = ""
    if unit:
        space = f"[{THOUSANDS[' ']}]*"
    power = ""
    if MAGNITUDES in marks:
        power = "[kKM]?"
    opened = ""
    closed = ""
    if PARENTHESES in marks:
        opened = r"\(?"
        closed = r"\)?"
    minus = ""
    if MINUS_BEHIND in marks:
        minus = "-?"
    unit = f"(?:{re.escape(unit)})?"
    parts = [
        _group("sign", "[+-]?"),
        _group("open", opened),
        space,
        _group("unit", unit),
        space,
        _group("open_inside", opened),
        _group("sign_inside", "[+-]?"),
        _group("number", _digits(decimal, thousands)),
        _group("power", power),
        _group("minus", minus),
        _group("close", closed),
        space,
        _group("unit_behind", unit),
        _group("minus_behind", minus),
        _group("close_behind", closed),
    ]
    return re.compile("".join(parts))


def _digits(decimal, thousands):
    """Returns the expression of digits, with groups, a decimal mark and an exponent."""
    point = re.escape(decimal)
    whole = "[0-9]+"
    if thousands:
        letters = THOUSANDS[thousands]
        whole = f"(?:[1-9][0-9]{{0,2}}(?:[{letters}][0-9]{{3}})+|[0-9]+)"
    with_whole = f"{whole}(?:{point}[0-9]*)?"
    without_whole = f"{point}[0-9]+"
    exponent = "(?:[eE][+-]?[0-9]+)?"
    return f"(?:{with_whole}|{without_whole}){exponent}"


def _group(name, expression):
    return f"(?P<{name}>{expression})"
