"""Raw rows in the forms that people have them, to raw columns by name."""

import contextlib
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from .cells import PICTURE, SERIES, Column, shorten
from .errors import DeviceError

NAMED_COLUMNS = 20  # of a table that lacks one
ADD_COLUMN = "add the column; leave its cell empty where the value is not known"

RawRows = Mapping[str, Sequence] | Iterable[Mapping[str, object]]


@runtime_checkable
class DataFrame(Protocol):
    """What looks like a DataFrame: pandas is not imported here."""

    columns: Iterable

    def to_dict(self) -> dict:
        """Returns the cells by column; no other table has it."""
        ...

    def __getitem__(self, name: object):
        """Returns a column."""
        ...


def names_missing(names: Iterable[str], found: Container[str]) -> list[str]:
    """Returns those of the names that are not found, in their order."""
    missing = []
    for name in names:
        if name not in found:
            missing.append(name)
    return missing


def raw_columns(rows: RawRows, columns: tuple[Column, ...]) -> Mapping[str, Sequence]:
    """Returns the raw cells of rows by column, every column of the same length.

    Args:
        rows: Rows as dicts, columns as lists or arrays, or a DataFrame.
        columns: The columns that are needed; others are ignored.

    Raises:
        DeviceError: If rows are of another type, or a column is missing.
    """
    if isinstance(rows, Mapping):
        raw = rows
    elif isinstance(rows, list):  # not asked for what a DataFrame has: that takes 10 µs a call
        raw = _columns_of_rows(rows, columns)
    elif isinstance(rows, DataFrame):
        raw = _columns_of_frame(rows)
    else:
        raw = _columns_of_rows(rows, columns)
    _refuse_absent(raw, columns)
    for column in columns:
        _check_cells(raw[column.name], column)
    _check_lengths(raw, columns)
    return raw


def _columns_of_frame(frame):
    """Returns the columns of a DataFrame as arrays."""
    by_name = {}
    for name in frame.columns:
        by_name[str(name)] = frame[name].to_numpy()
    return by_name


def _columns_of_rows(rows, columns):
    """Returns the needed columns of rows as dicts."""
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise DeviceError(
            f"rows of type {type(rows).__name__}",
            expected="a list of dicts, or a dict of lists",
            fix="predict([{'height': 400, ...}])",
        )
    rows = list(rows)
    needed = [column.name for column in columns]
    if set(map(type, rows)) <= {dict}:  # others may make up what they lack
        # To look for each name in each row first takes five times as long as to take the cells.
        with contextlib.suppress(KeyError):
            return _cells_of(rows, needed)
    for place, row in enumerate(rows):
        _check_row(place, row, needed)
    return _cells_of(rows, needed)


def _cells_of(rows, names):
    """Returns the cells of rows by column."""
    by_name = {}
    for name in names:
        by_name[name] = [row[name] for row in rows]
    return by_name


def _check_row(place, row, needed):
    """Raises DeviceError for a row that is no dict, or lacks a column."""
    if not isinstance(row, Mapping):
        raise DeviceError(
            f"a row of type {type(row).__name__}: {shorten(row)}",
            expected="rows as dicts from column to cell",
            fix="predict([{'height': 400, ...}])",
        )
    absent = names_missing(needed, row)
    if absent:
        names = ", ".join(map(repr, absent))
        raise DeviceError(
            f"row {place} misses the column {names}",
            expected=f"the {len(needed)} columns of signature.json",
            fix=ADD_COLUMN,
        )


def _refuse_absent(raw, columns):
    """Raises DeviceError for columns that a table lacks."""
    needed = [column.name for column in columns]
    absent = names_missing(needed, raw)
    if absent:
        names = ", ".join(map(repr, absent))
        present = list(raw)[:NAMED_COLUMNS]
        present_names = ", ".join(map(shorten, present))
        raise DeviceError(
            f"rows without the column {names}; they have {present_names}",
            expected=f"the {len(columns)} columns of signature.json",
            fix=ADD_COLUMN,
        )


def _check_cells(cells, column):
    """Raises DeviceError for a column that is not one cell a row."""
    is_list = isinstance(cells, Sequence) and not isinstance(cells, (str, bytes))
    is_array = isinstance(cells, np.ndarray)
    if is_array and column.kind not in (PICTURE, SERIES):
        is_array = cells.ndim == 1
    if not (is_list or is_array):
        raise DeviceError(
            f"column {shorten(column.name)} is a {type(cells).__name__}: {shorten(cells)}",
            expected="columns as lists or one-dimensional arrays, or a list of rows",
            fix="for one row: predict([row])",
        )


def _check_lengths(raw, columns):
    """Raises DeviceError for columns that differ in the number of rows."""
    lengths = {}
    for column in columns:
        cells = raw[column.name]
        lengths[column.name] = len(cells)
    if len(set(lengths.values())) > 1:
        raise DeviceError(
            f"columns of different lengths: {shorten(lengths, 200)}",
            expected="one cell a row in every column",
            fix="cut them to the same rows",
        )
