"""What every reader of tables needs: a file as text, names of columns, and rows."""

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from ..device.cells import shorten
from ..errors import LoadError
from .header import ADD_NAMES, is_number
from .limits import MAX_TABLE_BYTES, open_unpacked

MAX_COLUMNS = 10_000


def open_text(path: Path, encoding: str) -> TextIO:
    """Opens a file as text, line ends as they are: csv wants to see them."""
    binary = open_unpacked(path, MAX_TABLE_BYTES)
    return io.TextIOWrapper(
        binary, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=""
    )


def refuse_twice(names: Sequence[str]) -> None:
    """Raises LoadError for names of columns that cannot be: too many, equal ones, or no text."""
    if len(names) > MAX_COLUMNS:  # first: what follows looks at each of them
        raise LoadError(
            f"{len(names):,} columns", expected=f"at most {MAX_COLUMNS:,}", fix="drop columns first"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        fix = "rename or remove one of them"
        if any(map(is_number, twice)):
            fix += f"; {ADD_NAMES}"
        raise LoadError(
            f"the column name {', '.join(map(shorten, twice[:5]))} stands twice",
            expected="one column a name",
            fix=fix,
        )
    no_text = [
        name
        for name in names
        if "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name)
    ]
    if no_text:
        raise LoadError(
            f"the column name {shorten(no_text[0])} holds a null character or half of a "
            "surrogate pair",
            expected="names that can be written as UTF-8",
            fix="rename the column",
        )


def with_rows(table: dict[str, Sequence]) -> dict[str, Sequence]:
    """Returns a table that has rows. Raises LoadError for one that has none."""
    if not table or not len(next(iter(table.values()))):
        raise LoadError(
            f"a table with {len(table)} columns and no rows",
            expected="a header line and rows",
            fix="check how the table was written",
        )
    return table
