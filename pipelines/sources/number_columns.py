"""Columns read as numbers: with their marks, their unit and how negative ones are written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..device.bad_rows import BadRows, bad_rows
from ..device.cells import BadCell, Column, not_a_number, read_numbers
from ..device.numbers import MARKS, PARENTHESES
from ..device.packed import PackedCells, RepeatedCells, each_cell_once
from .marks import MARK_NAMES, Evidence, Marks, are_likely_numbers
from .spelled_numbers import count_spellings, refuse_parentheses, units_of

_PLAIN = "every value is a number"
_CODE = re.compile(r"0[0-9]+")
# A cell that has one of these is no code of digits alone; most columns have some.
_NO_DIGITS = ".-eaionr"
_PLAIN_WHOLE = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes:
        column: How its cells are written.
        bad: Those that are no numbers, in the order of the cells.
        why: The spelling in words.
    """

    column: Column
    bad: Sequence[BadCell]
    why: str

    @property
    def is_special(self) -> bool:
        """Whether the numbers are not all written as a program would write them."""
        return self.why != _PLAIN


def read_as_numbers(
    what: str, name: str, filled: Sequence, marks: Marks, *, given: bool = False
) -> Numbers:
    """Reads the cells of a column as numbers.

    Args:
        what: The column in words, for the error.
        name: Of the column.
        filled: The cells, none of them missing.
        marks: How the numbers of the source may be written.
        given: Whether they are numbers whatever their unit.

    Raises:
        LoadError: If the marks have two readings.
    """
    decimal, thousands = marks.settle(what, name)
    column = Column(name, "numeric", decimal=decimal, thousands=thousands)
    bad = _not_numbers(filled, column)
    if bad and are_likely_numbers(filled, frozenset()):
        column = _with_signs(column, filled, given)
        if column.unit or column.marks:
            bad = _not_numbers(filled, column)
    if not bad and PARENTHESES in column.marks:
        refuse_parentheses(what, filled)
    evidence = marks.columns.get(name, Evidence())
    return Numbers(column, bad, _in_words(column, evidence))


def _not_numbers(cells, column):
    """Returns the cells that are no numbers at all."""
    is_plain = column.decimal == "." and not column.unit
    if is_plain and isinstance(cells, PackedCells) and cells.are_plain_numbers():
        return []
    reason = not_a_number(column)
    if isinstance(cells, RepeatedCells):
        texts, places = cells.each_once()
        _, bad = read_numbers(texts, column, frozenset())
        bad = [each for each in bad if each.reason == reason]
        return bad_rows(bad, places, len(texts))
    _, bad = read_numbers(cells, column, frozenset())
    if isinstance(bad, BadRows):
        return bad.keep(lambda each: each.reason == reason)
    return [each for each in bad if each.reason == reason]


def _with_signs(column, filled, given):
    """Returns the column with the unit that most of its cells have, and the further marks that some
    have.
    """
    spelled = count_spellings(filled)
    marks = []
    for mark in MARKS:
        if any(mark in each.marks for each in spelled):
            marks.append(mark)
    unit = _common_unit(spelled, len(filled), given)
    return replace(column, unit=unit, marks="".join(marks))


def _common_unit(spelled, num_cells, given):
    """Returns the unit that most cells have, "" if they have none or it may be a word.

    Args:
        spelled: SpelledNumber → how many cells are numbers of it.
        num_cells: The number of all cells.
        given: Whether the cells are numbers whatever their unit.
    """
    counts = units_of(spelled)
    units = [unit for unit in counts if unit]
    most = max(units, key=counts.get, default="")
    if counts[most] < counts[""]:
        return ""
    with_it = [each for each in spelled if each.unit == most]
    if given or any(each.is_known for each in with_it):
        return most
    # A word behind a space is a unit where all cells have it.
    stands_behind = all(each.has_gap and not each.in_front for each in with_it)
    if stands_behind and counts[most] == num_cells:
        return most
    return ""


def _in_words(column, own):
    """Returns how the numbers of a column are spelled, `own` the evidence of its cells."""
    words = _PLAIN
    commas = (*own.decimals, *own.doubts)
    if column.decimal == "," and "," in commas:
        words += " with a decimal comma"
    groups = (*own.groups, *own.doubts)
    if column.thousands and column.thousands in groups:
        words += f", thousands parted by {MARK_NAMES[column.thousands]}"
    if column.unit:
        words += f", in {column.unit}"
    for mark in column.marks:
        words += f", {MARK_NAMES[mark]}"
    return words


def code_with_zeros(filled: Sequence) -> str:
    """Returns a cell such as 02134 if all cells are texts of digits alone, so that they are codes;
    "" if none is.
    """
    if isinstance(filled, PackedCells):
        if filled.may_hold(_NO_DIGITS):
            return ""
        filled = each_cell_once(filled)
    if not all(isinstance(cell, str) for cell in filled):
        return ""
    # Looked for in one go: most columns have no cell that begins with a zero.
    joined = "\n".join(filled)
    lines = f"\n{joined}".replace(" ", "")
    if "\n0" not in lines:
        return ""
    texts = [cell.strip() for cell in filled]
    if not all(_PLAIN_WHOLE.fullmatch(text) for text in texts):
        return ""
    for text in texts:
        if _CODE.fullmatch(text):
            return text
    return ""
