"""Files without a line of names: their first row is read as one."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from ..device.cells import is_missing, shorten
from ..rows.parts import ColumnNote

# Rows that show what a column holds.
_NUM_ROWS = 1000
# A name that is no cell is a name for sure in a column whose cells repeat.
_FEW_DIFFERENT = 0.5
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
ADD_NAMES = "if the file has no line of names, write one above the first row"


def is_number(text: str) -> bool:
    """Tests whether a text is a plain number."""
    return _NUMBER.fullmatch(text.strip()) is not None


def describe_names(
    table: Mapping[str, Sequence], separator: str, missing: frozenset[str]
) -> tuple[ColumnNote, ...]:
    """Returns a line of the printed schema if the names of columns look like a row of cells.

    They do if some of them can be a cell of their column, and none cannot: a number above numbers,
    a text that stands again below. Whole numbers at equal distances, such as years, are names.

    Args:
        table: Column → raw cells.
        separator: Of the cells of a file; "" if the rows came with names.
        missing: The words that read as missing.
    """
    if not separator or _count_up(table):
        return ()
    cells = []
    for name, column in table.items():
        first = itertools.islice(column, _NUM_ROWS)
        filled = [str(cell).strip() for cell in first if not is_missing(cell, missing)]
        is_cell = _is_cell(name, filled)
        if is_cell is False:
            return ()
        if is_cell:
            cells.append(name)
    if not cells:
        return ()
    why = f"may be a row and no names, such as {shorten(cells[0])}: {ADD_NAMES}"
    return (ColumnNote("(the first line)", "names", why),)


def _count_up(names: Iterable[str]) -> bool:
    """Tests whether all names are whole numbers at equal distances."""
    if not all(map(str.isdecimal, names)):
        return False
    numbers = map(int, names)
    distances = {after - before for before, after in itertools.pairwise(numbers)}
    return len(distances) < 2


def _is_cell(name, texts):
    """Returns whether a name may be a cell of its column, None if the cells do not show it."""
    if not texts or all(map(is_number, texts)):
        return is_number(name)
    different = set(texts)
    if name in different:
        return True
    if len(different) <= _FEW_DIFFERENT * len(texts):
        return False
    return None
