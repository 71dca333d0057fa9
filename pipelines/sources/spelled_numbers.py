"""How one cell spells a number: sign, unit, digits and marks."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from ..device.cells import shorten
from ..device.numbers import (
    MAGNITUDES,
    MAX_UNIT_CHARACTERS,
    MINUS_BEHIND,
    PARENTHESES,
    THOUSANDS,
)
from ..errors import LoadError

SPACES = THOUSANDS[" "]
APOSTROPHES = THOUSANDS["'"]
_NO_UNIT = rf"[^\s0-9.,'\u2019()+\-\u2212_]{{0,{MAX_UNIT_CHARACTERS}}}"
_CORE = rf"[0-9.,](?:[0-9.,{SPACES}{APOSTROPHES}]*[0-9.,])?"
_CELL = re.compile(
    rf"(?P<sign>[+-]?)(?P<open>\(?)[{SPACES}]*(?P<before>{_NO_UNIT})[{SPACES}]*(?P<open_inside>\(?)[+-]?"
    rf"(?P<core>{_CORE})(?P<exponent>(?:[eE][+-]?[0-9]+)?)(?P<minus>-?)(?P<close>\)?)(?P<gap>[{SPACES}]*)"
    rf"(?P<behind>{_NO_UNIT})(?P<minus_behind>-?)\)?"
)
_BADLY_GROUPED = re.compile(r"[0-9]+(?:([.,'\u2019])[0-9]+)(?:\1[0-9]+)*\1[0-9]{3}")
_POWERS = ("k", "K", "M")
# A decimal comma, or what some spreadsheets write for 100 next to 1,100: one alone proves nothing.
PADDED = re.compile(r"[+-]?0,[0-9]{3}")
_CURRENCIES = frozenset(
    "AED AUD BRL CAD CHF CLP CNY COP CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD "
    "PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR kr Kr Rs Fr zł Kč Ft".split()
)
# Units that are read where they stand against the digits; others want a space, as codes such as
# 101A have none.
_UNITS = frozenset(
    "% ‰ ° °C °F km hm dm cm mm µm μm nm ft mi yd kg mg µg μg lb lbs oz ms µs μs ns min hr hrs "
    "sec mV kV mA kW "
    "MW GW Wh kWh MWh GWh Hz kHz MHz GHz Pa hPa kPa MPa bar mbar psi ml mL cl dl hl gal rpm dB "
    "ppm ppb mol kJ "
    "MJ kcal cal kN m/s km/h kmh mph kB KB MB GB TB kb Mb Gb px pt pts m s g h d l t L V W m² "
    "m³ km² cm² cm³ "
    "ha mg/dL mmol/L g/L mg/L bpm hp PS ccm cc cyl".split()
)


@dataclass(frozen=True)
class SpelledNumber:
    """A number in some spelling: its unit, whether that stands in front or behind a gap, the
    further marks, the decimal mark and the thousands mark that are sure, and the mark that may be
    either; "" where there is none.
    """

    unit: str = ""
    in_front: bool = False
    has_gap: bool = False
    marks: str = ""
    decimal: str = ""
    thousands: str = ""
    doubt: str = ""

    @property
    def is_known(self):
        """Whether the unit is one that numbers have."""
        is_currency = self.unit in _CURRENCIES or any(
            unicodedata.category(each) == "Sc" for each in self.unit
        )
        return is_currency or (self.unit in _UNITS and not self.in_front)

    @property
    def is_clear(self):
        """Whether it is a number for sure, and no code such as A1.250."""
        return not self.unit or self.is_known or (self.has_gap and not self.in_front)


def read_spelling(text):
    """The SpelledNumber of a cell, None where it is no number, or one with badly formed groups."""
    found = _CELL.fullmatch(text.strip().replace("\u2212", "-"))
    if not found or not any(letter.isdigit() for letter in found["core"]):
        return None
    digits = _marks_of(found["core"], found["exponent"])
    before = found["before"]
    behind = found["behind"]
    marks = ""
    if digits is None or (before and behind not in ("", *_POWERS)):
        return None
    unit = before or behind
    if behind.startswith(_POWERS) and not found["gap"] and not found["exponent"]:
        rest = behind[1:]
        if (
            not rest or SpelledNumber(rest, in_front=True).is_known
        ):  # the currency of 1.3k€, not the g of 5kg
            unit = before or rest
            marks = MAGNITUDES
    marks += PARENTHESES * bool(found["open"] or found["open_inside"])
    marks += MINUS_BEHIND * bool(found["minus"] or found["minus_behind"])
    return SpelledNumber(unit, bool(before), bool(found["gap"]), marks, *digits)


def _marks_of(core, exponent):
    """(decimal mark, thousands mark, mark that may be either) of digits, None where they are badly
    formed.
    """
    around = [
        mark
        for mark, letters in ((" ", SPACES), ("'", APOSTROPHES))
        if any(each in core for each in letters)
    ]
    points = sorted((mark for mark in ".," if mark in core), key=core.rfind)
    separators = around + points[:-1]
    if not points:
        if not around:
            return "", "", ""
        if len(around) == 1 and _is_grouped(core, around[0]):
            return ("", around[0], "")
        return None
    whole, last, fraction = core.rpartition(points[-1])
    if len(separators) > 1 or (fraction and not fraction.isdigit()):
        return None
    if separators:
        if _is_grouped(whole, separators[0]):
            return (last, separators[0], "")
        return None
    is_grouped = _is_grouped(core, last) and not exponent and not _is_address(core)
    if core.count(last) > 1:
        if is_grouped:
            return ("", last, "")
        return None
    if is_grouped:
        return ("", "", last)
    return (last, "", "")


def _is_grouped(digits, mark):
    return re.fullmatch(f"[1-9][0-9]{{0,2}}(?:[{THOUSANDS[mark]}][0-9]{{3}})+", digits) is not None


def count_spellings(cells):
    """SpelledNumber → how many of the cells are numbers of it; cells that are no text are numbers
    without marks.
    """
    spelled = Counter()
    for cell, count in Counter(cell if isinstance(cell, str) else None for cell in cells).items():
        spelled[SpelledNumber() if cell is None else read_spelling(cell)] += count
    spelled.pop(None, None)
    return spelled


def units_of(spelled):
    units = Counter()
    for each, count in spelled.items():
        units[each.unit] += count
    return units


def refuse_parentheses(what, filled):
    texts = [str(cell).strip() for cell in filled]
    if all("(" in text for text in texts):
        raise LoadError(
            f"{what} has a number in parentheses in every cell, such as {shorten(texts[0])}: "
            "negative, or not?",
            expected="parentheses around negative numbers alone",
            fix="write the numbers without parentheses, negative ones with a minus",
        )


def is_badly_grouped(text, among_numbers):
    """Whether digits stand in groups, the last one of three, that are not all of three: 12,34,567.
    With points, as a version or an address has them, only among numbers.
    """
    if "." in text and not among_numbers:
        return False
    return (
        _BADLY_GROUPED.fullmatch(text) is not None
        and read_spelling(text) is None
        and not _is_address(text)
    )


def _is_address(digits):
    """Whether digits may be an IPv4 address."""
    parts = digits.split(".")
    return len(parts) == 4 and all(
        part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts
    )
