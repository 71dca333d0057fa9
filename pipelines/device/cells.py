"""Raw cells to typed columns: the one reading of a cell that training and devices share.

Seven kinds of column, distinguished afterwards by dtype and dimensions alone:

    numeric      float32  [rows]   missing is NaN
    series       float32  [rows, steps]   the newest step last, missing is NaN
    categorical  object   [rows]   text, missing is None
    boolean      object   [rows]   "true" or "false", missing is None
    date         datetime64[s] [rows], in UTC where a zone is given   missing is NaT
    text         StringDType [rows]   missing is ""
    picture      uint8    [rows, height, width, channels]   never missing

Numeric, categorical, boolean and date are what a table's column can be.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from .columns import (
    BOOLEAN,
    CATEGORICAL,
    DATE,
    FALSE_WORDS,
    KINDS,
    MISSING_WORDS,
    NUMERIC,
    PICTURE,
    SERIES,
    TEXT,
    TRUE_WORDS,
    BadCell,
    BadCells,
    Column,
)
from .list_cells import packed_list
from .packed import PackedCells, packed_numbers, read_each_once
from .pictures import read_picture
from .single_cells import (
    MAX_CELL_CHARACTERS,
    MAX_NUMBER,
    MISSING_TYPES,
    boolean,
    categorical,
    date_times,
    is_missing,
    is_numeric_array,
    not_a_number,
    parsed_numbers,
    texts,
)
from .visible import shorten

__all__ = [
    "BOOLEAN",
    "BadCell",
    "CATEGORICAL",
    "Column",
    "DATE",
    "FALSE_WORDS",
    "KINDS",
    "MAX_CELL_CHARACTERS",
    "MAX_NUMBER",
    "MISSING_WORDS",
    "NUMERIC",
    "PICTURE",
    "SERIES",
    "TEXT",
    "TRUE_WORDS",
    "is_missing",
    "not_a_number",
    "read_column",
    "read_numbers",
    "shorten",
]

# The kinds of which equal texts are equal values, and few texts stand in many cells.
_OF_CELLS = (NUMERIC, CATEGORICAL, BOOLEAN, DATE)
_SCALARS = (str, int, float, date, Decimal, np.generic)


def read_column(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, Sequence[BadCell]]:
    """Reads raw cells into the column's dtype.

    Args:
        cells: Text, numbers, None, or both packed; what `read_picture` takes; of series, lists of
            numbers or text such as "1.5 NA 3".
        column: Of the cells.
        missing: The words that are read as missing.

    Returns:
        The array, and the cells that it cannot read, which are missing, or black pictures, in the
        array.
    """
    read = _READERS[column.kind]
    if column.kind in _OF_CELLS:
        cells = packed_list(cells)
    if isinstance(cells, PackedCells):
        return _read_packed(read, cells, column, missing)
    bad = BadCells()
    is_typed_array = isinstance(cells, np.ndarray) and cells.dtype.kind != "O"
    if column.kind not in (PICTURE, SERIES) and not is_typed_array:
        bad = _not_single(cells)
    if bad:
        cells = list(cells)
        for cell in bad:
            cells[cell.row] = None
    values, unreadable = read(cells, column, missing)
    if bad:
        return values, BadCells([*bad, *unreadable])
    return values, unreadable


def _read_packed(
    read,
    cells,
    column,
    missing,
):
    """Does as `read_column`, of cells that are all text or None."""
    if column.kind == NUMERIC:
        return read(cells, column, missing)
    if column.kind in (PICTURE, SERIES):
        return read(list(cells), column, missing)
    return read_each_once(read, cells, column, missing)


def _not_single(cells):
    """Returns the cells that are not single values, but lists and the like."""
    bad = BadCells()
    for row, cell in enumerate(cells):
        if cell is None or isinstance(cell, _SCALARS):
            continue
        kind = type(cell).__name__
        if kind not in MISSING_TYPES:
            bad.add(row, cell, f"not a single value but a {kind}")
    return bad


def read_numbers(
    cells: Sequence,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, Sequence[BadCell]]:
    """Reads the cells of a numeric column as `read_column` does, in float64.

    What float32 could not tell apart is still different here.
    """
    values, bad = _any_numbers(cells, column, missing)
    if not _are_beyond(values):
        return values, bad
    beyond = BadCells()
    is_beyond = np.abs(values) > MAX_NUMBER  # False for NaN
    for row in np.flatnonzero(is_beyond).tolist():
        reason = f"beyond {MAX_NUMBER:g}"
        if math.isinf(values[row]):
            reason = "infinite"
        beyond.add(row, cells[row], reason)
        values[row] = math.nan
    if beyond:
        return values, BadCells([*bad, *beyond])
    return values, bad


def _are_beyond(values):
    """Returns whether a number is beyond MAX_NUMBER."""
    largest = np.fmax.reduce(values, initial=0)  # passes over NaN
    least = np.fmin.reduce(values, initial=0)
    return max(largest, -least) > MAX_NUMBER


def _any_numbers(
    cells,
    column,
    missing,
):
    """Returns float64 [rows], which the caller may alter, of whatever size; and the bad cells."""
    if is_numeric_array(cells):
        return cells.astype(np.float64), BadCells()
    if isinstance(cells, PackedCells):
        return packed_numbers(cells, column, missing)
    return parsed_numbers(cells, column, missing)


def _numeric(
    cells,
    column,
    missing,
):
    values, bad = read_numbers(cells, column, missing)
    return values.astype(np.float32), bad


def _picture(
    cells,
    column,
    missing,
):
    if isinstance(cells, np.ndarray) and cells.dtype == np.uint8:
        picture_shape = cells.shape[1:]
        if picture_shape == column.shape:
            return cells, BadCells()
        if (*picture_shape, 1) == column.shape:
            return cells[..., None], BadCells()
    values = np.zeros((len(cells), *column.shape), np.uint8)
    bad = BadCells()
    for row, cell in enumerate(cells):
        source = cell
        # Of the words for missing only the empty one: a file may be called NA.
        if is_missing(cell, frozenset({""})):
            source = None
        try:
            values[row] = read_picture(source, column.shape, white=column.white)
        except ValueError as error:
            bad.add(row, cell, str(error))
    return values, bad


def _series(
    cells,
    column,
    missing,
):
    if is_numeric_array(cells) and cells.ndim == 2:
        return _series_of_table(cells, column, missing)
    (num_steps,) = column.shape
    values = np.full((len(cells), num_steps), np.nan, np.float32)
    bad = BadCells()
    for row, cell in enumerate(cells):
        if is_missing(cell, missing):
            continue
        steps = _steps(cell, column)
        if steps is None:
            kind = type(cell).__name__
            bad.add(row, cell, f"not a series but a {kind}")
            continue
        newest, unreadable = _numeric(steps[-num_steps:], column, missing)
        if unreadable:
            step = unreadable[0]
            reason = f"step {step.row + 1}: {step.reason}"
            bad.append(replace(step, row=row, reason=reason))
            continue
        first = num_steps - len(newest)
        values[row, first:] = newest
    return values, bad


def _series_of_table(
    cells,
    column,
    missing,
):
    """Reads an array of numbers [rows, steps]; missing steps come before shorter series."""
    (num_steps,) = column.shape
    newest = cells[:, -num_steps:]
    num_rows, num_given = newest.shape
    numbers, unreadable = _numeric(newest.ravel(), column, missing)
    bad = BadCells()
    for step in unreadable:
        row = step.row // num_given
        bad.append(replace(step, row=row))
    first = num_steps - num_given
    values = np.full((num_rows, num_steps), np.nan, np.float32)
    values[:, first:] = numbers.reshape(newest.shape)
    return values, bad


def _steps(
    cell,
    column,
):
    """Returns the cells of a series in one cell; None if it is none.

    Where spaces separate thousands, semicolons alone separate steps.
    """
    if isinstance(cell, str):
        if column.thousands == " ":
            return cell.split(";")
        return cell.replace(";", " ").split()
    is_array = isinstance(cell, np.ndarray) and cell.ndim == 1
    if is_array or isinstance(cell, (list, tuple)):
        return cell
    return None


_READERS: Mapping[str, Callable] = {
    NUMERIC: _numeric,
    CATEGORICAL: categorical,
    BOOLEAN: boolean,
    DATE: date_times,
    TEXT: texts,
    PICTURE: _picture,
    SERIES: _series,
}
