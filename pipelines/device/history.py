"""A table of steps → the row of windows that a forecast asks for: the newest steps of each series,
on their grid.

Stamps lie in the steps of the frame's calendar; two of one step are its mean, and a step without a
row is missing, as in training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .calendar import DAY_NAMES
from .cells import SERIES, Column, read_column, shorten
from .errors import DeviceError
from .frame import Frame
from .primitives import Columns
from .signature import Signature

MOST_SHARED = 0.05  # of the rows, from which on training refuses them too


def newest_windows(
    signature: Signature, table: Mapping[str, Sequence]
) -> tuple[np.ndarray, Columns]:
    """Raw columns by name, a row a step → (text [series], the names of the series; typed columns of
    one row a series, as `Runner.read` gives them). The step to be forecast first is the one after
    the last with a value that is not known beforehand; that last one is the newest of its window.
    Raises DeviceError where a column is not there, a cell cannot be read, or a series has no value.
    """
    frame = signature.frame
    missing = frozenset(signature.missing_words)
    names = [
        frame.time,
        *(column.name for column in signature.columns if column.name != frame.time),
    ]
    wanted = [*names, *([frame.series] if frame.series else [])]
    absent = [name for name in wanted if name not in table]
    if absent and absent != [frame.series]:
        raise DeviceError(
            f"no column {', '.join(map(shorten, absent))} in the steps",
            expected=", ".join(wanted),
            fix="add the column; leave its cells empty where the values are not known",
        )
    steps, series = _steps_of(frame, table, missing)
    values = {
        column.name: read_cells(table[column.name], as_cells(column), missing)
        for column in signature.columns
        if column.name != frame.time
    }
    found = [
        _window(
            signature,
            name,
            steps[series == name],
            {key: x[series == name] for key, x in values.items()},
        )
        for name in np.unique(series)
    ]
    if not found:
        raise DeviceError(
            "a table without rows", expected="the newest steps", fix="provide at least one row"
        )
    return np.unique(series), {key: np.stack([row[key] for row in found]) for key in names}


def _steps_of(frame, table, missing):
    """int64 [rows] the number of each row's step, and text [rows] its series, "" where the table
    does not tell.
    """
    times = read_cells(table[frame.time], Column(frame.time, "date", frame.format), missing)
    if np.isnat(times).any():
        raise DeviceError(
            f"row {int(np.isnat(times).argmax())} has no time",
            expected="a time in every row",
            fix="remove the row",
        )
    refuse_days_without_steps(times, frame)
    if frame.series not in table:
        return frame.numbers(times), np.full(len(times), "")
    return frame.numbers(times), np.array([str(cell).strip() for cell in table[frame.series]])


def shared_steps(signature: Signature, table: Mapping[str, Sequence]) -> str:
    """A sentence where more than MOST_SHARED of the rows of a table that `newest_windows` takes
    share their step with another row of their series, as if the column that separates series
    is left out; else "".
    """
    steps, series = _steps_of(signature.frame, table, frozenset(signature.missing_words))
    codes = np.unique(series, return_inverse=True)[1]
    num_shared = len(steps) - len(np.unique(np.stack([codes, steps]), axis=1).T)
    if num_shared <= MOST_SHARED * len(steps):
        return ""
    left_out = signature.frame.series not in table and bool(signature.frame.series)
    if left_out:
        hint = f"; there is no column {shorten(signature.frame.series)}, which separates the series"
    else:
        hint = ""
    return (
        f"{num_shared:,} of {len(steps):,} rows share their step with another row: their "
        f"mean is read{hint}"
    )


def known_steps(signature: Signature, columns: Columns) -> np.ndarray:
    """int64 [windows]: of how many past steps a value of some series is known, of windows as
    `newest_windows` gives them. The model reads `num_past_steps` of them; the others are filled as
    missing ones are.
    """
    past = _past_columns(signature)
    size = num_past_steps(signature)
    known = np.zeros((len(columns[past[0].name]), size), bool)
    for column in past:
        known[:, size - column.shape[0] :] |= ~np.isnan(columns[column.name])
    return known.sum(axis=1)


def num_past_steps(signature: Signature) -> int:
    """The past steps that a window holds."""
    return max(column.shape[0] for column in _past_columns(signature))


def refuse_days_without_steps(times: np.ndarray, frame: Frame) -> None:
    """Raises DeviceError where a time stamp (datetime64 [rows]) lies on a day of the week that has
    no step.
    """
    outside = np.flatnonzero(~frame.has_step(times))
    if len(outside):
        kept = ", ".join(DAY_NAMES[day] for day in frame.calendar.weekdays)
        if len(outside) > 1:
            more = f" (and {len(outside) - 1:,} more rows)"
        else:
            more = ""
        raise DeviceError(
            f"row {outside[0]}: {np.datetime_as_string(times[outside[0]], unit='s')} is on a day "
            f"without a step{more}",
            expected=f"steps on {kept}, as in training",
            fix="remove these rows",
        )


def _past_columns(signature):
    return [
        column
        for column in signature.columns
        if column.kind == SERIES and column.name not in signature.frame.known
    ]


def as_cells(column: Column) -> Column:
    """A series as the column of its steps; any other column as it is."""
    if column.kind == SERIES:
        return replace(column, kind="numeric", shape=())
    return column


def read_cells(cells: Sequence, column: Column, missing: frozenset[str]) -> np.ndarray:
    """Cells of steps as `read_column` reads them. Raises DeviceError for the first that cannot be
    read.
    """
    values, bad = read_column(cells, column, missing)
    if bad:
        raise DeviceError(
            f"row {bad[0].row}, column {shorten(column.name)}: {bad[0].reason}: {bad[0].value}"
            + (f" (and {len(bad) - 1} more cells)" if len(bad) > 1 else ""),
            expected="values as in training, or empty cells",
            fix="correct the cell, or leave it empty",
        )
    return values


def _window(signature, name, steps, values):
    frame = signature.frame
    past = [column.name for column in _past_columns(signature)]
    known = np.any([~np.isnan(values[key]) for key in past], axis=0)
    if not known.any():
        raise DeviceError(
            f"the series {shorten(name)} has no value of {', '.join(map(shorten, past))}",
            expected="at least one",
            fix="provide its newest steps",
        )
    origin = int(steps[known].max()) + 1
    row = {frame.time: frame.dates(origin - (frame.horizon == 0))[()]}
    for column in signature.columns:
        if column.kind == SERIES:
            if column.name in frame.known:
                first = origin
            else:
                first = origin - column.shape[0]
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
