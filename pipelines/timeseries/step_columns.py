"""Columns of a table whose rows are steps: which of them a window holds, and their values on the
grid.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import Column, read_column, read_numbers, shorten
from ..device.visible import and_more
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..sources.kinds import infer_column
from ..sources.marks import Marks
from ..sources.precision import numbers_as_float32
from ..sources.words import describe_words
from .grid import RegularGrid, mean_by_place


def infer_columns(
    spec, table: Mapping[str, Sequence], marks: Marks, counting: Mapping[str, str]
) -> tuple[list[Column], list[ColumnNote]]:
    """Infers which columns of a table a window holds.

    Args:
        spec: The LoadSeries.
        table: Raw cells by column.
        marks: How the numbers of the source are written.
        counting: Why a column is a mere row number, by name; "" for any other.

    Returns:
        The columns, and what was found about each column of the table.

    Raises:
        LoadError: For a column that is mostly, but not all, numbers or dates.
    """
    columns: list[Column] = []
    inferred: list[ColumnNote] = []
    skipped = _columns_with_a_role(spec)
    named = {spec.target, *spec.columns, *spec.kinds}
    for name in spec.columns or table:
        if name in skipped:
            continue
        if counting[name] and name not in named:
            inferred.append(ColumnNote(name, "ignored", counting[name]))
            continue
        column, why = _infer_one(spec, name, table[name], marks)
        if column is None:
            inferred.append(ColumnNote(name, "ignored", why))
            continue
        columns.append(column)
        inferred.append(ColumnNote(name, column.kind, why))
    is_target_read = any(column.name == spec.target for column in columns)
    if spec.target and not is_target_read:
        column, why = _infer_target(spec, table[spec.target], marks)
        columns.append(column)
        inferred.append(ColumnNote(spec.target, "numeric", why))
    return columns, inferred


def _columns_with_a_role(spec):
    """Returns the columns that are no part of a window unless load.columns names them."""
    # A role that is not given is "", which may as well be the name of a column.
    skipped = {role for role in (spec.time, spec.label) if role}
    skipped |= set(spec.drop)
    if spec.series and spec.series not in spec.columns:
        skipped.add(spec.series)
    return skipped


def _infer_one(spec, name, cells, marks):
    """Returns the column, None if it is ignored, and why."""
    missing = frozenset(spec.reading.missing_words)
    is_target = name == spec.target
    is_named = name in spec.columns or name in spec.kinds
    given = spec.kinds.get(name, "")
    if is_target:
        given = "numeric"
    column, why = infer_column(
        name,
        cells,
        given,
        marks=marks,
        missing=missing,
        dates=is_named,
    )
    if column and column.kind != "numeric" and not is_named:
        kind = column.kind
        column = None
        why = f"{kind}: only numbers make series; name it in load.columns and frame.static"
    if is_target:
        why = why.replace("given", "the target", 1)
    if column:
        why += describe_words(cells, column, missing, spec.reading.named_words())
    return column, why


def _infer_target(spec, cells, marks):
    """Returns the column of a target that load.columns does not name, and why it is read."""
    missing = frozenset(spec.reading.missing_words)
    column, why = infer_column(
        spec.target,
        cells,
        "numeric",
        marks=marks,
        missing=missing,
    )
    return column, why.replace("given", "the target", 1)


def column_on_grid(
    cells: Sequence, column: Column, grid: RegularGrid, missing: frozenset[str]
) -> np.ndarray:
    """Returns a column laid on the grid.

    Args:
        cells: Raw, one a row.
        column: Its name and kind.
        grid: Where the rows lie.
        missing: The words that read as missing.

    Returns:
        Numbers, float32 [steps]: the mean of the rows of a step, NaN where there is none. Of any
        other kind object [steps]: the one value of the step's series, or None.

    Raises:
        LoadError: For a cell that is not of the column's kind, and for words that differ within a
            series.
    """
    is_numeric = column.kind == "numeric"
    if is_numeric:
        values, bad = read_numbers(cells, column, missing)
    else:
        values, bad = read_column(cells, column, missing)
    if bad:
        _refuse_cells(column, bad)
    if not is_numeric:
        return _one_value_a_series(values, column, grid)
    numbers = numbers_as_float32(column.name, cells, values)
    means = mean_by_place(numbers.astype(np.float64), grid.places, len(grid.time))
    return means.astype(np.float32)


def _refuse_cells(column, bad):
    first = bad[0]
    more = and_more(len(bad) - 1, "cell")
    raise LoadError(
        f"the column {shorten(column.name)}, row {first.row}: {first.reason}: {first.value}{more}",
        expected=f"a {column.kind} value or a missing one",
        fix="fix the cell, name the word as missing (--read missing=WORD), or leave the "
        f"column out (--drop '{column.name}')",
    )


def _one_value_a_series(values, column, grid):
    """Returns a column that has one value in each series, on the whole grid, object [steps]."""
    laid = np.full(len(grid.time), None, object)
    for code in np.unique(grid.series):
        is_step_of_series = grid.series == code
        is_row_of_series = is_step_of_series[grid.places]
        known = [value for value in values[is_row_of_series] if value is not None]
        num_values = len(set(known))
        if num_values > 1:
            raise LoadError(
                f"the {column.kind} column {shorten(column.name)} has {num_values} values "
                "in one series",
                expected="one value all through a series, or numbers",
                fix=f"--drop '{column.name}'",
            )
        if known:
            laid[is_step_of_series] = known[0]
    return laid


def labels_on_grid(
    cells: Sequence, name: str, grid: RegularGrid, missing: frozenset[str]
) -> np.ndarray:
    """Returns labels of anomalies, float64 [steps].

    A step is 1.0 if one of its rows is marked, 0.0 if the label of some row is known and none is
    marked, else NaN.

    Args:
        cells: Raw truth values, one a row.
        name: Of their column.
        grid: Where the rows lie.
        missing: The words that read as missing.

    Raises:
        LoadError: For a cell that is no truth value.
    """
    truths, bad = read_column(cells, Column(name, "boolean"), missing)
    if bad:
        first = bad[0]
        raise LoadError(
            f"the label {shorten(name)}, row {first.row}: {first.reason}: {first.value}",
            expected="true or false, yes or no, 1 or 0, or a missing one",
            fix="fix the cell",
        )
    y = np.full(len(grid.time), np.nan)
    is_normal = truths == "false"
    is_anomaly = truths == "true"
    y[grid.places[is_normal]] = 0.0
    y[grid.places[is_anomaly]] = 1.0  # last, for one marked row in a step suffices
    return y
