"""Columns that are numbers in part: refused with what to type."""

from collections.abc import Sequence

from ..device.bad_rows import BadRows
from ..device.cells import BadCell, shorten
from ..device.packed import each_cell_once, take_cells
from ..errors import LoadError
from .marks import MARK_NAMES
from .number_columns import Numbers
from .spelled_numbers import (
    SpelledNumber,
    count_spellings,
    is_badly_grouped,
    read_spelling,
    units_of,
)

# That are listed to be typed as missing.
MOST_WORDS = 5


def refuse_spellings(what: str, filled: Sequence, numbers: Numbers, otherwise: str) -> None:
    """Refuses cells that are plainly meant as numbers and cannot all be read.

    Most are numbers, of different units or with badly formed groups; or half are read, and they or
    the rest have a unit, groups or another decimal mark.

    Args:
        what: The column in words, for the error.
        filled: The cells that have a value.
        numbers: How they are read.
        otherwise: What else can be typed, for the error.

    Raises:
        LoadError: For such cells.
    """
    if not numbers.bad:
        return
    texts = list(dict.fromkeys(str(cell).strip() for cell in each_cell_once(filled)))
    spelled = _with_known_units(filled)
    num_numbers = sum(spelled.values())
    are_most = num_numbers >= 0.5 * len(filled)
    badly = [text for text in texts if is_badly_grouped(text, are_most)]
    if badly and num_numbers + len(badly) >= 0.5 * len(texts):
        shown = ", ".join(map(shorten, badly[:5]))
        raise LoadError(
            f"{what} has numbers with badly formed groups of thousands: {shown}",
            expected="groups of three digits",
            fix=f"write the numbers without marks, or {otherwise}",
        )
    units = units_of(spelled)
    if len(units) > 1 and are_most:
        raise _different_units(what, texts, units, otherwise)
    others = _cells_of(filled, numbers.bad)
    num_marked = _num_marked(others, spelled)
    column = numbers.column
    has_groups = column.thousands or column.decimal == ","
    is_special = has_groups or column.unit or column.marks or num_marked
    if is_special and len(others) <= 0.5 * len(filled):
        raise some_numbers(what, filled, numbers.bad, otherwise)
    if num_marked > 0.5 * len(filled):
        raise LoadError(
            f"{what} has {num_marked:,} numbers such as {numbers.bad[0].value}: they have other "
            f"marks than {MARK_NAMES[column.decimal]} for decimals and "
            f"{MARK_NAMES[column.thousands]} for thousands",
            expected="numbers as the marks state, or categories",
            fix=f"correct --read decimal=... or thousands=..., or {otherwise}",
        )


def _cells_of(filled, bad):
    """Returns the cells that are bad."""
    if isinstance(bad, BadRows):
        return take_cells(filled, bad.rows)
    return [filled[each.row] for each in bad]


def _with_known_units(cells):
    """Returns SpelledNumber → how many cells are numbers of it, of none or of a known unit."""
    spelled = {}
    for each, count in count_spellings(cells).items():
        if not each.unit or each.is_known:
            spelled[each] = count
    return spelled


def _num_marked(cells, spelled):
    """Counts the cells that are numbers of one of the spellings, and not the plain one."""
    plain = SpelledNumber()
    num_marked = 0
    for each, count in count_spellings(cells).items():
        if each in spelled and each != plain:
            num_marked += count
    return num_marked


def _different_units(what, texts, units, otherwise):
    """Returns the error of numbers of different units, with an example of each."""
    examples = [_first_of_unit(texts, unit) for unit in units]
    shown = ", ".join(map(shorten, examples[:6]))
    return LoadError(
        f"{what} has numbers with different units, or with none in some cells: {shown}",
        expected="one unit in every cell",
        fix=f"write all cells in one unit, or {otherwise}",
    )


def _first_of_unit(texts, unit):
    for text in texts:
        spelled = read_spelling(text)
        if spelled and spelled.unit == unit:
            return text
    raise ValueError(f"no text has the unit {unit!r}")


def some_numbers(what: str, filled: Sequence, bad: Sequence[BadCell], otherwise: str) -> LoadError:
    """Returns the error of cells that are numbers but for the `bad` ones."""
    num_bad = len(bad)
    num_numbers = len(filled) - num_bad
    if isinstance(bad, BadRows):
        words = bad.values()
    else:
        words = list(dict.fromkeys(each.value for each in bad))
    shown = ", ".join(words[:5])
    options = []
    for word in words[:MOST_WORDS]:
        options.append(f"--read missing={word}")
    return LoadError(
        f"{what} has {num_numbers:,} numbers and {num_bad:,} other values: {shown}",
        expected="numbers only, of one spelling, or categories",
        fix=f"read them as missing ({' '.join(options)}), give the decimal mark "
        f"(--read decimal=,) or the thousands mark (--read thousands=.), or {otherwise}",
    )
