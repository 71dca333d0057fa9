"""How the numbers of a source are written: decimal marks, groups of thousands, units and signs.

One cell such as 1.250 has two readings, so the marks are settled with the whole source as evidence,
before a column is inferred. What still has two readings is refused.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..device.cells import BadCell, Column, is_missing, not_a_number, read_numbers, shorten
from ..device.numbers import (
    MAGNITUDES,
    MARKS,
    MINUS_BEHIND,
    PARENTHESES,
)
from ..errors import LoadError
from .spelled_numbers import (
    APOSTROPHES,
    PADDED,
    SPACES,
    count_spellings,
    read_spelling,
    refuse_parentheses,
    units_of,
)

# A column of which fewer of these cells are numbers in any spelling gives no evidence.
_NUM_SAMPLED = 50
_LIKELY = 0.5
_SPACED_DIGITS = re.compile(rf"[0-9][{SPACES}][0-9]")
_PLAIN = "every value is a number"
MARK_NAMES = {
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
        or any(mark in joined for mark in APOSTROPHES)
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
        spelled = read_spelling(text)
        if spelled is None or not spelled.is_clear:
            continue
        if PADDED.fullmatch(text.strip()):
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
    spelled = [not isinstance(cell, str) or read_spelling(cell) is not None for cell in few]
    return bool(few) and sum(spelled) >= _LIKELY * len(few)


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
        refuse_parentheses(what, filled)
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
    spelled = count_spellings(filled)
    units = units_of(spelled)
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


def _in_words(column, own):
    words = _PLAIN
    if "," in (*own.decimals, *own.doubts) and column.decimal == ",":
        words += " with a decimal comma"
    if column.thousands and column.thousands in (*own.groups, *own.doubts):
        words += f", thousands parted by {MARK_NAMES[column.thousands]}"
    if column.unit:
        words += f", in {column.unit}"
    for mark in column.marks:
        words += f", {MARK_NAMES[mark]}"
    return words


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
