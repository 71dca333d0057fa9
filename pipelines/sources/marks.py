"""How the numbers of a source are written: decimal marks and groups of thousands.

One cell such as 1.250 has two readings, so the marks are settled with the whole source as evidence,
before a column is inferred. What still has two readings is refused.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..device.cells import is_missing, shorten
from ..device.numbers import (
    MAGNITUDES,
    MINUS_BEHIND,
    PARENTHESES,
)
from ..device.packed import PackedCells, RepeatedCells
from ..errors import LoadError
from .spelled_numbers import (
    APOSTROPHES,
    PADDED,
    SPACES,
    read_spelling,
)

# A column of which fewer of these cells are numbers in any spelling gives no evidence.
_NUM_SAMPLED = 50
_LIKELY = 0.5
_SPACED_DIGITS = re.compile(rf"[0-9][{SPACES}][0-9]")
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
# The mark that parts thousands where the other one is decimal.
_OTHER = {".": ",", ",": "."}
_DECIMAL_NAMES = {".": "a decimal point", ",": "a decimal comma"}


@dataclass(frozen=True)
class Evidence:
    """What the cells of a column show of its marks.

    Attributes:
        decimals: The decimal marks that are proven, each with a cell.
        groups: The marks that surely part thousands, each with a cell.
        doubts: The marks that may be either, as in 1.250, each with a cell.
        num_of: How many cells have a mark as a decimal mark or in doubt.
    """

    decimals: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    num_of: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_consistent(self) -> bool:
        """Whether at most one decimal mark is proven."""
        return len(self.decimals) < 2


@dataclass(frozen=True)
class Marks:
    """How the numbers of a source may be written.

    Attributes:
        decimal: The decimal mark, "" to find it.
        thousands: The mark between thousands, "" to find it.
        columns: The evidence of each column of text.
        separator: What parts the cells of the source, "" if nothing does.
    """

    decimal: str = ""
    thousands: str = ""
    columns: Mapping[str, Evidence] = field(default_factory=dict)
    separator: str = ""

    def settle(self, what: str, name: str) -> tuple[str, str]:
        """Returns the decimal mark and the thousands mark of a column.

        Args:
            what: The column in words, for the error.
            name: Of the column.

        Raises:
            LoadError: If it has two readings.
        """
        own = self.columns.get(name, Evidence())
        decimal = self._decimal(what, own)
        if self.thousands and self.thousands != decimal:
            return decimal, self.thousands
        groups = own.groups or self._file_groups()
        others = [mark for mark in groups if mark != decimal]
        if len(others) == 1:
            return decimal, others[0]
        return decimal, ""

    def _decimal(self, what, own):
        given = self.decimal or _OTHER.get(self.thousands, "")
        if own.decimals:
            mark = max(own.decimals, key=lambda each: own.num_of.get(each, 0))
            # A thousands mark that is given settles cells in doubt.
            settles = mark == self.thousands and mark in own.doubts
            if given and (given in own.decimals or settles):
                return given
            return mark
        if given:
            return given
        for mark, other in _OTHER.items():
            if mark in own.groups:
                return other
        if own.doubts:
            return self._doubtful(what, own)
        of_file = list(self._file_decimals())
        if len(of_file) == 1:
            return of_file[0]
        return "."

    def _doubtful(self, what, own):
        """Returns the decimal mark of a column in doubt, by the rest of the file. Raises LoadError
        if that does not settle it.
        """
        mark, cell = next(iter(own.doubts.items()))
        other = _OTHER[mark]
        decimals = self._file_decimals()
        groups = self._file_groups()
        if len(own.doubts) == 1:
            if mark in decimals and other not in decimals:
                return mark
            if mark in groups and mark not in decimals:
                return other
            if mark == "." and not decimals and self.separator != ";":
                return mark
        why = ""
        if other in decimals:
            name, proof = decimals[other]
            why = f"; the column {shorten(name)} has {shorten(proof)}"
        elif self.separator == ";" and not decimals:
            why = "; the cells of the file are parted by ';'"
        as_decimal = cell.replace(mark, ".")
        as_whole = cell.replace(mark, "")
        raise LoadError(
            f"{what} has numbers such as {shorten(cell)}: {_DECIMAL_NAMES[mark]}, "
            f"or one that parts thousands?{why}",
            expected=f"marks with one reading: {shorten(cell)} may be {as_decimal} or {as_whole}",
            fix=f"--read thousands={mark} for {as_whole}; --read decimal={mark} for {as_decimal}",
        )

    def _file_decimals(self):
        """Returns decimal mark → (column, cell) of the columns that prove it; groups by the other
        mark prove it too.
        """
        found = {}
        for name, evidence in self.columns.items():
            if not evidence.is_consistent:
                continue
            proofs = {}
            for mark, cell in evidence.groups.items():
                if mark in _OTHER:
                    proofs[_OTHER[mark]] = cell
            proofs.update(evidence.decimals)
            for mark, cell in proofs.items():
                found.setdefault(mark, (name, cell))
        return found

    def _file_groups(self):
        """Returns thousands mark → cell of the columns that prove it."""
        groups = {}
        for evidence in self.columns.values():
            if evidence.is_consistent:
                groups.update(evidence.groups)
        return groups


def find_marks(
    table: Mapping[str, Sequence],
    decimal: str,
    thousands: str,
    *,
    separator: str = "",
    missing: frozenset[str] = frozenset(),
) -> Marks:
    """Finds the marks of a source, whose columns of text are all looked at.

    Args:
        table: Column → raw cells.
        decimal: The decimal mark, "" to find it.
        thousands: The mark between thousands, "" to find it.
        separator: What parts the cells of the source.
        missing: The words that read as missing.
    """
    columns = {}
    for name, cells in table.items():
        if not isinstance(cells, (list, tuple, PackedCells)):
            continue
        evidence = _evidence(_texts_of(cells), missing)
        if evidence:
            columns[name] = evidence
    return Marks(decimal, thousands, columns, separator)


def _texts_of(cells):
    """Returns those of some cells that are text."""
    if isinstance(cells, PackedCells):
        return cells.keep(~cells.is_missing(frozenset()))
    return [cell for cell in cells if isinstance(cell, str)]


def _evidence(texts, missing):
    """Returns the Evidence of cells of text, None if they show nothing."""
    may_be_grouped = _may_be_grouped(texts)
    if not may_be_grouped and not _hold(texts, "."):
        return None
    if not are_likely_numbers(texts, missing):
        return None
    decimals = {}
    groups = {}
    doubts = {}
    counts = Counter()
    padded = []
    for text in _each_once(texts):
        spelled = read_spelling(text)
        if spelled is None or not spelled.is_clear:
            continue
        cell = text.strip()
        if PADDED.fullmatch(cell):
            padded.append(cell)
            continue
        if spelled.decimal:
            decimals.setdefault(spelled.decimal, cell)
        if spelled.thousands:
            groups.setdefault(spelled.thousands, cell)
        if spelled.doubt:
            doubts.setdefault(spelled.doubt, cell)
        counts.update([spelled.decimal, spelled.doubt])
        if spelled.decimal and not may_be_grouped:
            # A point that is proven in a column without other marks: the rest could only contradict
            # it.
            break
    if padded:
        proves_comma = len(padded) >= counts[","] or "," in decimals
        if proves_comma:
            decimals.setdefault(",", padded[0])
        else:
            doubts.setdefault(",", padded[0])
    if decimals or groups or doubts:
        return Evidence(decimals, groups, doubts, counts)
    return None


def _each_once(texts):
    """Yields each text once, in the order of the first; few are looked at if few are wanted."""
    if isinstance(texts, RepeatedCells):
        texts, _ = texts.each_once()
    seen = set()
    for text in texts:
        if text not in seen:
            seen.add(text)
            yield text


def _hold(texts, letters):
    """Tests whether a text has one of some letters."""
    if isinstance(texts, PackedCells):
        return texts.may_hold(letters)
    joined = "\n".join(texts)
    return any(letter in joined for letter in letters)


def _may_be_grouped(texts):
    """Tests whether a text has a mark that may part thousands, other than a point."""
    if _hold(texts, f",{APOSTROPHES}"):
        return True
    return _hold(texts, SPACES) and _SPACED_DIGITS.search("\n".join(_each_once(texts))) is not None


def are_likely_numbers(cells: Sequence, missing: frozenset[str]) -> bool:
    """Tests whether about half of the cells or more are numbers in some spelling, by a sample."""
    step = len(cells) // _NUM_SAMPLED + 1
    num_cells = 0
    num_numbers = 0
    for cell in cells[::step]:
        if is_missing(cell, missing):
            continue
        num_cells += 1
        if not isinstance(cell, str) or read_spelling(cell) is not None:
            num_numbers += 1
    if num_cells == 0:
        return False
    return num_numbers >= _LIKELY * num_cells
