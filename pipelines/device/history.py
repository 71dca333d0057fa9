"""A table of steps → the row of windows that a forecast asks for: the newest steps of each series, on their grid.

Stamps lie in the step that they fall into; two of one step are its mean, and a step without a row is missing, as in
training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .cells import SERIES, Column, read_column, shorten
from .errors import DeviceError
from .primitives import Columns
from .signature import Signature


def newest_windows(signature: Signature, table: Mapping[str, Sequence]) -> tuple[np.ndarray, Columns]:
    """Raw columns by name, a row a step → (text [series], the names of the series; typed columns of one row a series,
    as `Runner.read` gives them). The step to be foretold first is the one after the last with a value that is not known
    beforehand; that last one is the newest of its window. Raises DeviceError where a column is not there, a cell cannot
    be read, or a series has no value."""
    frame, missing = signature.frame, frozenset(signature.missing_words)
    names = [frame.time, *(column.name for column in signature.columns if column.name != frame.time)]
    wanted = [*names, *([frame.series] if frame.series else [])]
    absent = [name for name in wanted if name not in table]
    if absent and absent != [frame.series]:
        raise DeviceError(f"no column {', '.join(map(shorten, absent))} in the steps", expected=", ".join(wanted),
                          fix="add the column; leave its cells empty where the values are not known")
    times = read_cells(table[frame.time], Column(frame.time, "date", frame.format), missing)
    if np.isnat(times).any():
        raise DeviceError(f"row {int(np.isnat(times).argmax())} has no time", expected="a time in every row",
                          fix="remove the row")
    steps = times.astype(np.int64) // round(frame.step_seconds)
    series = np.full(len(times), "")
    if frame.series and not absent:
        series = np.array([str(cell).strip() for cell in table[frame.series]])
    values = {column.name: read_cells(table[column.name], as_cells(column), missing) for column in signature.columns
              if column.name != frame.time}
    found = [_window(signature, name, steps[series == name], {key: x[series == name] for key, x in values.items()})
             for name in np.unique(series)]
    if not found:
        raise DeviceError("a table without rows", expected="the newest steps", fix="bring at least one row")
    return np.unique(series), {key: np.stack([row[key] for row in found]) for key in names}


def as_cells(column: Column) -> Column:
    """A series as the column of its steps; any other column as it is."""
    return replace(column, kind="numeric", shape=()) if column.kind == SERIES else column


def read_cells(cells: Sequence, column: Column, missing: frozenset[str]) -> np.ndarray:
    """Cells of steps as `read_column` reads them. Raises DeviceError for the first that cannot be read."""
    values, bad = read_column(cells, column, missing)
    if bad:
        raise DeviceError(f"row {bad[0].row}, column {shorten(column.name)}: {bad[0].reason}: {bad[0].value}"
                          + (f" (and {len(bad) - 1} more cells)" if len(bad) > 1 else ""),
                          expected="values as in training, or empty cells", fix="mend the cell, or leave it empty")
    return values


def _window(signature, name, steps, values):
    frame = signature.frame
    past = [column.name for column in signature.columns if column.kind == SERIES and column.name not in frame.known]
    known = np.any([~np.isnan(values[key]) for key in past], axis=0)
    if not known.any():
        raise DeviceError(f"the series {shorten(name)} has no value of {', '.join(map(shorten, past))}",
                          expected="at least one", fix="bring its newest steps")
    origin = int(steps[known].max()) + 1
    row = {frame.time: np.datetime64((origin - (frame.horizon == 0)) * round(frame.step_seconds), "s")}
    for column in signature.columns:
        if column.kind == SERIES:
            first = origin if column.name in frame.known else origin - column.shape[0]
            row[column.name] = _laid(steps - first, values[column.name], column.shape[0])
        elif column.name != frame.time:
            row[column.name] = values[column.name][steps < origin][-1]
    return row


def _laid(places, values, size):
    """float32 [size]: the mean of the known values of each place."""
    kept = (places >= 0) & (places < size) & ~np.isnan(values)
    total = np.bincount(places[kept], weights=values[kept].astype(np.float64), minlength=size)
    count = np.bincount(places[kept], minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
