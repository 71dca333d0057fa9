"""A raw row as C, for example programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...device.cells import PICTURE, SERIES
from ...device.signature import Signature
from ...tasks.c_text import comment, literal, quoted
from .model.source import lines_of_numbers
from .names import identifier

NUMBERS_A_LINE = 16


@dataclass(frozen=True)
class RowCode:
    """A raw row in C.

    Attributes:
        tables: Constant tables that it needs, each on lines of its own.
        fields: Statements that set the fields of `row`.
    """

    tables: str
    fields: str


def row_code(signature: Signature, row: Mapping[str, np.ndarray], table: str) -> RowCode:
    """Writes a raw row.

    Args:
        signature: Of the model.
        row: Column → array [1, ...].
        table: What the names of its tables begin with.
    """
    tables = []
    fields = []
    for place, column in enumerate(signature.columns):
        cell = row[column.name][0]
        name = f"{table}_{place}"
        value = name
        if column.kind in (PICTURE, SERIES):
            tables.append(
                _table(
                    cell,
                    column.kind,
                    name,
                )
            )
        else:
            value = _cell(cell, column.kind)
        field = identifier(place, column.name)
        fields.append(f"  row->{field} = {value}; /* {comment(column.name)} */")
    return RowCode("".join(f"{each}\n" for each in tables), "\n".join(fields))


def wrapped(numbers: Iterable[str]) -> str:
    """Returns numbers with commas between them, broken into lines."""
    return lines_of_numbers(list(numbers), a_line=NUMBERS_A_LINE, indent=4)


def _table(cell, kind, name):
    """Returns a picture or a series as a constant table."""
    numbers = np.asarray(cell).ravel().tolist()
    if kind == PICTURE:
        body = wrapped(map(str, numbers))
        return f"static const uint8_t {name}[{len(numbers)}] = {{\n    {body}}};"
    body = wrapped(map(_number, numbers))
    return f"static const float {name}[{len(numbers)}] = {{\n    {body}}};"


def _cell(cell, kind):
    """Returns the C of a value."""
    if kind == "numeric":
        return _number(cell)
    if kind == "date":
        if np.isnat(cell):
            return "INT64_MIN"
        seconds = cell.astype("datetime64[s]").astype(np.int64)
        return f"INT64_C({seconds})"
    if cell is None:
        return "NULL"
    return quoted(str(cell))


def _number(value):
    if value != value:
        return "NAN"
    return literal(value)
