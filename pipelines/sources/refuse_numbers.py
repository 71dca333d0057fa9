"""Columns that are numbers in part: refused with what to type."""

from collections.abc import Sequence

from ..device.cells import BadCell, shorten
from ..errors import LoadError
from .marks import MARK_NAMES, Numbers
from .spelled_numbers import (
    SpelledNumber,
    count_spellings,
    is_badly_grouped,
    read_spelling,
    units_of,
)


def refuse_spellings(what: str, filled: Sequence, numbers: Numbers, otherwise: str) -> None:
    """Raises LoadError where cells are plainly meant as numbers and not all can be read: most are
    numbers, of different units or with badly formed groups; or half are read, and they or the rest
    have a unit, groups or another decimal mark. `otherwise`: what else can be typed.
    """
    if not numbers.bad:
        return
    texts = list(dict.fromkeys(str(cell).strip() for cell in filled))
    spelled = {
        each: count
        for each, count in count_spellings(filled).items()
        if not each.unit or each.is_known
    }
    num_numbers = sum(spelled.values())
    badly = [text for text in texts if is_badly_grouped(text, num_numbers >= 0.5 * len(filled))]
    if badly and num_numbers + len(badly) >= 0.5 * len(texts):
        raise LoadError(
            f"{what} has numbers with badly formed groups of thousands: "
            f"{', '.join(map(shorten, badly[:5]))}",
            expected="groups of three digits",
            fix=f"write the numbers without marks, or {otherwise}",
        )
    units = units_of(spelled)
    if len(units) > 1 and num_numbers >= 0.5 * len(filled):
        raise _different_units(what, texts, units, otherwise)
    others = [filled[each.row] for each in numbers.bad]
    column = numbers.column
    num_marked = sum(
        count
        for each, count in count_spellings(others).items()
        if each in spelled and each != SpelledNumber()
    )
    is_special = (
        column.unit or column.marks or column.thousands or column.decimal == "," or num_marked
    )
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


def _different_units(what, texts, units, otherwise):
    examples = [
        next(text for text in texts if (each := read_spelling(text)) and each.unit == unit)
        for unit in units
    ]
    return LoadError(
        f"{what} has numbers with different units, or with none in some cells: "
        f"{', '.join(map(shorten, examples[:6]))}",
        expected="one unit in every cell",
        fix=f"write all cells in one unit, or {otherwise}",
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
