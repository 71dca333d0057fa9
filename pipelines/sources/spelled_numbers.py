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
from ..device.packed import PackedCells
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
    """A number in some spelling; what it does not have is "".

    Attributes:
        unit: Its unit.
        in_front: Whether the unit stands in front.
        has_gap: Whether the unit stands behind a gap.
        marks: The further marks, see `device.numbers.MARKS`.
        decimal: The decimal mark, if it is sure.
        thousands: The mark between thousands, if it is sure.
        doubt: The mark that may be either.
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
        if self.unit in _CURRENCIES:
            return True
        if any(unicodedata.category(each) == "Sc" for each in self.unit):
            return True
        return self.unit in _UNITS and not self.in_front

    @property
    def is_clear(self):
        """Whether it is a number for sure, and no code such as A1.250."""
        if not self.unit or self.is_known:
            return True
        return self.has_gap and not self.in_front


def read_spelling(text):
    """Returns the SpelledNumber of a cell, None for no number and for badly formed groups."""
    match = _CELL.fullmatch(text.strip().replace("\u2212", "-"))
    if not match or not any(letter.isdigit() for letter in match["core"]):
        return None
    digits = _marks_of(match["core"], match["exponent"])
    if digits is None:
        return None
    before = match["before"]
    behind = match["behind"]
    if before and behind and behind not in _POWERS:
        return None
    unit = before or behind
    marks = ""
    follows_directly = not match["gap"] and not match["exponent"]
    if follows_directly and behind.startswith(_POWERS):
        rest = behind[1:]
        # The currency of 1.3k€, not the g of 5kg.
        if not rest or SpelledNumber(rest, in_front=True).is_known:
            unit = before or rest
            marks = MAGNITUDES
    if match["open"] or match["open_inside"]:
        marks += PARENTHESES
    if match["minus"] or match["minus_behind"]:
        marks += MINUS_BEHIND
    decimal, thousands, doubt = digits
    in_front = bool(before)
    has_gap = bool(match["gap"])
    return SpelledNumber(unit, in_front, has_gap, marks, decimal, thousands, doubt)


def _marks_of(core, exponent):
    """Returns (decimal mark, thousands mark, mark that may be either) of digits, None if they are
    badly formed.
    """
    around = []
    for mark, letters in ((" ", SPACES), ("'", APOSTROPHES)):
        if any(each in core for each in letters):
            around.append(mark)
    points = sorted((mark for mark in ".," if mark in core), key=core.rfind)
    if not points:
        return _marks_of_whole(core, around)
    last = points[-1]
    separators = around + points[:-1]
    whole, _, fraction = core.rpartition(last)
    if len(separators) > 1:
        return None
    if fraction and not fraction.isdigit():
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


def _marks_of_whole(core, around):
    """Returns the marks of digits without a point or a comma; `around`: spaces and apostrophes."""
    if not around:
        return ("", "", "")
    if len(around) == 1 and _is_grouped(core, around[0]):
        return ("", around[0], "")
    return None


def _is_grouped(digits, mark):
    groups = f"[1-9][0-9]{{0,2}}(?:[{THOUSANDS[mark]}][0-9]{{3}})+"
    return re.fullmatch(groups, digits) is not None


def count_spellings(cells):
    """Returns SpelledNumber → how many of the cells are numbers of it; cells that are no text are
    numbers without marks.
    """
    if isinstance(cells, PackedCells):
        texts = cells.counts()
    else:
        texts = Counter(cell if isinstance(cell, str) else None for cell in cells)
    spelled = Counter()
    for text, count in texts.items():
        number = SpelledNumber()
        if text is not None:
            number = read_spelling(text)
        if number is not None:
            spelled[number] += count
    return spelled


def units_of(spelled):
    """Returns unit → how many of the spelled numbers have it."""
    units = Counter()
    for each, count in spelled.items():
        units[each.unit] += count
    return units


def refuse_parentheses(what, filled):
    """Raises LoadError for numbers that are all in parentheses."""
    texts = [str(cell).strip() for cell in filled]
    if not all("(" in text for text in texts):
        return
    raise LoadError(
        f"{what} has a number in parentheses in every cell, such as {shorten(texts[0])}: "
        "negative, or not?",
        expected="parentheses around negative numbers alone",
        fix="write the numbers without parentheses, negative ones with a minus",
    )


def is_badly_grouped(text, among_numbers):
    """Tests whether digits stand in groups, the last one of three, that are not all of three:
    12,34,567. With points, as a version or an address has them, only among numbers.
    """
    if "." in text and not among_numbers:
        return False
    if not _BADLY_GROUPED.fullmatch(text):
        return False
    return read_spelling(text) is None and not _is_address(text)


def _is_address(digits):
    """Tests whether digits may be an IPv4 address."""
    parts = digits.split(".")
    if len(parts) != 4:
        return False
    for part in parts:
        if not part.isdigit() or len(part) > 3 or int(part) > 255:
            return False
    return True
