"""How the numbers of a source are written: decimal marks, groups of thousands, units and signs.

One cell such as 1.250 has two readings, so the marks are settled with the whole source as evidence,
before a column is inferred. What still has two readings is refused.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..device.cells import BadCell, Column, is_missing, not_a_number, read_numbers, shorten
from ..device.numbers import (
    MAGNITUDES,
    MARKS,
    MAX_UNIT_CHARACTERS,
    MINUS_BEHIND,
    PARENTHESES,
    THOUSANDS,
)
from ..errors import LoadError

# A column of which fewer of these cells are numbers in any spelling gives no evidence.
_NUM_SAMPLED = 50
_LIKELY = 0.5
_SPACES = THOUSANDS[" "]
_APOSTROPHES = THOUSANDS["'"]
_NO_UNIT = rf"[^\s0-9.,'\u2019()+\-\u2212_]{{0,{MAX_UNIT_CHARACTERS}}}"
_CORE = rf"[0-9.,](?:[0-9.,{_SPACES}{_APOSTROPHES}]*[0-9.,])?"
_CELL = re.compile(
    rf"(?P<sign>[+-]?)(?P<open>\(?)[{_SPACES}]*(?P<before>{_NO_UNIT})[{_SPACES}]*(?P<open_inside>\(?)[+-]?"
    rf"(?P<core>{_CORE})(?P<exponent>(?:[eE][+-]?[0-9]+)?)(?P<minus>-?)(?P<close>\)?)(?P<gap>[{_SPACES}]*)"
    rf"(?P<behind>{_NO_UNIT})(?P<minus_behind>-?)\)?"
)
_SPACED_DIGITS = re.compile(rf"[0-9][{_SPACES}][0-9]")
_BADLY_GROUPED = re.compile(r"[0-9]+(?:([.,'\u2019])[0-9]+)(?:\1[0-9]+)*\1[0-9]{3}")
_PLAIN = "every value is a number"
_POWERS = ("k", "K", "M")
# A decimal comma, or what some spreadsheets write for 100 next to 1,100: one alone proves nothing.
_PADDED = re.compile(r"[+-]?0,[0-9]{3}")
_NAMES = {
    "": "nothing",
    ".": "a point",
    ",": "a comma",
    " ": "a space",
    "'": "an apostrophe",
    PARENTHESES: "negative in parentheses",
    MINUS_BEHIND: "negative with a minus behind",
    MAGNITUDES: "k is thousand, M million",
}
_CODE = re.compile(r"0[0-9]+")
_PLAIN_WHOLE = re.compile(r"[0-9]+")
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
class Evidence:
    """What the cells of a column show, each mark with a cell: the decimal marks that are proven,
    the marks that surely part thousands, and those that may be either, as in 1.250.
    """

    decimals: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    num_of: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Marks:
    """How the numbers of a source may be written. decimal, thousands: as given, "" to find them.
    columns: the evidence of each column of text. separator: what parts the cells of the source, ""
    where nothing does.
    """

    decimal: str = ""
    thousands: str = ""
    columns: Mapping[str, Evidence] = field(default_factory=dict)
    separator: str = ""

    def settle(self, what: str, name: str) -> tuple[str, str]:
        """(decimal mark, thousands mark) of a column. Raises LoadError where it has two readings;
        `what` names it.
        """
        own = self.columns.get(name, Evidence())
        decimal = self._decimal(what, own)
        if self.thousands and self.thousands != decimal:
            return decimal, self.thousands
        groups = [mark for mark in own.groups or self._file_groups() if mark != decimal]
        return decimal, groups[0] if len(groups) == 1 else ""

    def _decimal(self, what, own):
        given = self.decimal or {".": ",", ",": "."}.get(self.thousands, "")
        if own.decimals:
            mark = max(own.decimals, key=lambda each: own.num_of.get(each, 0))
            is_given = given in own.decimals or (mark == self.thousands and mark in own.doubts)
            if given and is_given:
                return given
            return mark
        if given:
            return given
        for mark, other in ((".", ","), (",", ".")):
            if mark in own.groups:
                return other
        if own.doubts:
            return self._doubtful(what, own)
        if len(self._file_decimals()) == 1:
            return next(iter(self._file_decimals()))
        return "."

    def _doubtful(self, what, own):
        (mark, cell), other = next(iter(own.doubts.items())), {".": ",", ",": "."}
        decimals = self._file_decimals()
        groups = self._file_groups()
        if len(own.doubts) == 1:
            if mark in decimals and other[mark] not in decimals:
                return mark
            if mark in groups and mark not in decimals:
                return other[mark]
            if mark == "." and not decimals and self.separator != ";":
                return mark
        if self.separator == ";" and not decimals:
            why = "; the cells of the file are parted by ';'"
        else:
            why = ""
        if other[mark] in decimals:
            name, proof = decimals[other[mark]]
            why = f"; the column {shorten(name)} has {shorten(proof)}"
        noun = {".": "a decimal point", ",": "a decimal comma"}[mark]
        as_decimal = cell.replace(mark, ".")
        as_whole = cell.replace(mark, "")
        raise LoadError(
            f"{what} has numbers such as {shorten(cell)}: {noun}, "
            f"or one that parts thousands?{why}",
            expected=f"marks with one reading: {shorten(cell)} may be {as_decimal} or {as_whole}",
            fix=f"--read thousands={mark} for {as_whole}; --read decimal={mark} for {as_decimal}",
        )

    def _file_decimals(self):
        """Decimal mark → (column, cell) of the columns that prove it; groups by the other mark
        prove it too.
        """
        found = {}
        for name, each in self.columns.items():
            if len(each.decimals) > 1:
                continue
            proofs = {
                **{
                    {".": ",", ",": "."}[mark]: cell
                    for mark, cell in each.groups.items()
                    if mark in ".,"
                },
                **each.decimals,
            }
            for mark, cell in proofs.items():
                found.setdefault(mark, (name, cell))
        return found

    def _file_groups(self):
        return {
            mark: cell
            for each in self.columns.values()
            if len(each.decimals) < 2
            for mark, cell in each.groups.items()
        }


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers: how its cells are written, those that are none (in the order of the
    cells), and the spelling in words.
    """

    column: Column
    bad: list[BadCell]
    why: str

    @property
    def is_special(self) -> bool:
        """Whether the numbers are not all written as a program would write them."""
        return self.why != _PLAIN


def find_marks(
    table: Mapping[str, Sequence],
    decimal: str,
    thousands: str,
    *,
    separator: str = "",
    missing: frozenset[str] = frozenset(),
) -> Marks:
    """The marks of a source, whose columns of text are all looked at."""
    columns = {}
    for name, cells in table.items():
        if isinstance(cells, (list, tuple)):
            texts = [cell for cell in cells if isinstance(cell, str)]
        else:
            texts = []
        evidence = _evidence(texts, missing)
        if evidence:
            columns[name] = evidence
    return Marks(decimal, thousands, columns, separator)


def _evidence(texts, missing):
    """The Evidence of cells of text, None where they show nothing."""
    joined = "\n".join(texts)
    grouped = (
        "," in joined
        or any(mark in joined for mark in _APOSTROPHES)
        or _SPACED_DIGITS.search(joined)
    )
    if (not grouped and "." not in joined) or not _are_likely(texts, missing):
        return None
    decimals = {}
    groups = {}
    doubts = {}
    counts = Counter()
    seen = set()
    padded = []
    for text in texts:
        if text in seen:
            continue
        seen.add(text)
        spelled = _spelling(text)
        if spelled is None or not spelled.is_clear:
            continue
        if _PADDED.fullmatch(text.strip()):
            padded.append(text.strip())
            continue
        for mark, found in (
            (spelled.decimal, decimals),
            (spelled.thousands, groups),
            (spelled.doubt, doubts),
        ):
            if mark:
                found.setdefault(mark, text.strip())
        counts.update([spelled.decimal, spelled.doubt])
        if spelled.decimal and not grouped:
            # a point that is proven in a column without other marks: the rest could only contradict
            # it
            break
    if padded:
        if len(padded) >= counts[","] or "," in decimals:
            found = decimals
        else:
            found = doubts
        found.setdefault(",", padded[0])
    if decimals or groups or doubts:
        return Evidence(decimals, groups, doubts, counts)
    return None


def _are_likely(cells, missing):
    """Whether about half of the cells or more are numbers in some spelling, by a sample."""
    few = [
        cell for cell in cells[:: len(cells) // _NUM_SAMPLED + 1] if not is_missing(cell, missing)
    ]
    spelled = [not isinstance(cell, str) or _spelling(cell) is not None for cell in few]
    return bool(few) and sum(spelled) >= _LIKELY * len(few)


@dataclass(frozen=True)
class _Spelling:
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


def _spelling(text):
    """The _Spelling of a cell, None where it is no number, or one with badly formed groups."""
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
            not rest or _Spelling(rest, in_front=True).is_known
        ):  # the currency of 1.3k€, not the g of 5kg
            unit = before or rest
            marks = MAGNITUDES
    marks += PARENTHESES * bool(found["open"] or found["open_inside"])
    marks += MINUS_BEHIND * bool(found["minus"] or found["minus_behind"])
    return _Spelling(unit, bool(before), bool(found["gap"]), marks, *digits)


def _marks_of(core, exponent):
    """(decimal mark, thousands mark, mark that may be either) of digits, None where they are badly
    formed.
    """
    around = [
        mark
        for mark, letters in ((" ", _SPACES), ("'", _APOSTROPHES))
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


def read_as_numbers(
    what: str, name: str, filled: Sequence, marks: Marks, *, given: bool = False
) -> Numbers:
    """The cells of a column (none of them missing) as numbers. `given`: they are numbers, whatever
    their unit. Raises LoadError where the marks have two readings; `what` names the column.
    """
    decimal, thousands = marks.settle(what, name)
    column = Column(name, "numeric", decimal=decimal, thousands=thousands)
    bad = _not_numbers(filled, column)
    if bad and _are_likely(filled, frozenset()):
        column = _with_signs(column, filled, given)
        if column.unit or column.marks:
            bad = _not_numbers(filled, column)
    if not bad and PARENTHESES in column.marks:
        _refuse_parentheses(what, filled)
    return Numbers(column, bad, _in_words(column, marks.columns.get(name, Evidence())))


def _not_numbers(cells, column):
    return [
        each
        for each in read_numbers(cells, column, frozenset())[1]
        if each.reason == not_a_number(column)
    ]


def _with_signs(column, filled, given):
    """The column with the unit that most of its cells have, and the further marks that some
    have.
    """
    spelled = _spellings(filled)
    units = _units(spelled)
    most = max((unit for unit in units if unit), key=units.get, default="")
    with_it = [each for each in spelled if each.unit == most]
    # A word behind a space is a unit where all cells have it.
    is_word = units[most] == len(filled) and all(
        each.has_gap and not each.in_front for each in with_it
    )
    is_unit = units[most] >= units[""] and (
        given or is_word or any(each.is_known for each in with_it)
    )
    marks = [mark for mark in MARKS if any(mark in each.marks for each in spelled)]
    return replace(column, unit=most if is_unit else "", marks="".join(marks))


def _spellings(cells):
    """_Spelling → how many of the cells are numbers of it; cells that are no text are numbers
    without marks.
    """
    spelled = Counter()
    for cell, count in Counter(cell if isinstance(cell, str) else None for cell in cells).items():
        spelled[_Spelling() if cell is None else _spelling(cell)] += count
    spelled.pop(None, None)
    return spelled


def _units(spelled):
    units = Counter()
    for each, count in spelled.items():
        units[each.unit] += count
    return units


def _refuse_parentheses(what, filled):
    texts = [str(cell).strip() for cell in filled]
    if all("(" in text for text in texts):
        raise LoadError(
            f"{what} has a number in parentheses in every cell, such as {shorten(texts[0])}: "
            "negative, or not?",
            expected="parentheses around negative numbers alone",
            fix="write the numbers without parentheses, negative ones with a minus",
        )


def _in_words(column, own):
    words = _PLAIN
    if "," in (*own.decimals, *own.doubts) and column.decimal == ",":
        words += " with a decimal comma"
    if column.thousands and column.thousands in (*own.groups, *own.doubts):
        words += f", thousands parted by {_NAMES[column.thousands]}"
    if column.unit:
        words += f", in {column.unit}"
    for mark in column.marks:
        words += f", {_NAMES[mark]}"
    return words


def refuse_spellings(what: str, filled: Sequence, numbers: Numbers, otherwise: str) -> None:
    """Raises LoadError where cells are plainly meant as numbers and not all can be read: most are
    numbers, of different units or with badly formed groups; or half are read, and they or the rest
    have a unit, groups or another decimal mark. `otherwise`: what else can be typed.
    """
    if not numbers.bad:
        return
    texts = list(dict.fromkeys(str(cell).strip() for cell in filled))
    spelled = {
        each: count for each, count in _spellings(filled).items() if not each.unit or each.is_known
    }
    num_numbers = sum(spelled.values())
    badly = [text for text in texts if _is_badly_grouped(text, num_numbers >= 0.5 * len(filled))]
    if badly and num_numbers + len(badly) >= 0.5 * len(texts):
        raise LoadError(
            f"{what} has numbers with badly formed groups of thousands: "
            f"{', '.join(map(shorten, badly[:5]))}",
            expected="groups of three digits",
            fix=f"write the numbers without marks, or {otherwise}",
        )
    units = _units(spelled)
    if len(units) > 1 and num_numbers >= 0.5 * len(filled):
        examples = [
            next(text for text in texts if (each := _spelling(text)) and each.unit == unit)
            for unit in units
        ]
        raise LoadError(
            f"{what} has numbers with different units, or with none in some cells: "
            f"{', '.join(map(shorten, examples[:6]))}",
            expected="one unit in every cell",
            fix=f"write all cells in one unit, or {otherwise}",
        )
    others = [filled[each.row] for each in numbers.bad]
    column = numbers.column
    num_marked = sum(
        count
        for each, count in _spellings(others).items()
        if each in spelled and each != _Spelling()
    )
    is_special = (
        column.unit or column.marks or column.thousands or column.decimal == "," or num_marked
    )
    if is_special and len(others) <= 0.5 * len(filled):
        raise some_numbers(what, filled, numbers.bad, otherwise)
    if num_marked > 0.5 * len(filled):
        raise LoadError(
            f"{what} has {num_marked:,} numbers such as {numbers.bad[0].value}: they have other "
            f"marks than {_NAMES[column.decimal]} for decimals and {_NAMES[column.thousands]} for "
            "thousands",
            expected="numbers as the marks state, or categories",
            fix=f"correct --read decimal=... or thousands=..., or {otherwise}",
        )


def _is_badly_grouped(text, among_numbers):
    """Whether digits stand in groups, the last one of three, that are not all of three: 12,34,567.
    With points, as a version or an address has them, only among numbers.
    """
    if "." in text and not among_numbers:
        return False
    return (
        _BADLY_GROUPED.fullmatch(text) is not None
        and _spelling(text) is None
        and not _is_address(text)
    )


def _is_address(digits):
    """Whether digits may be an IPv4 address."""
    parts = digits.split(".")
    return len(parts) == 4 and all(
        part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts
    )


def some_numbers(what: str, filled: Sequence, bad: list[BadCell], otherwise: str) -> LoadError:
    """Returns the error of cells that are numbers but for the `bad` ones."""
    words = list(dict.fromkeys(each.value for each in bad))[:5]
    shown = ", ".join(words)
    return LoadError(
        f"{what} has {len(filled) - len(bad):,} numbers and {len(bad):,} other values: {shown}",
        expected="numbers only, of one spelling, or categories",
        fix=f"read them as missing (--read missing={words[0]}), give the decimal mark "
        f"(--read decimal=,) or the thousands mark (--read thousands=.), or {otherwise}",
    )


def code_with_zeros(filled: Sequence) -> str:
    """A cell such as 02134 where all cells are texts of digits alone, so that they are codes; ""
    where none is.
    """
    if not all(isinstance(cell, str) for cell in filled):
        return ""
    joined = "\n".join(filled)
    if "\n0" not in f"\n{joined}".replace(" ", ""):
        return ""
    texts = [cell.strip() for cell in filled]
    code = next((text for text in texts if _CODE.fullmatch(text)), "")
    if code and all(_PLAIN_WHOLE.fullmatch(text) for text in texts):
        return code
    return ""
