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
    read_columns = [column for column in signature.columns if column.name != frame.time]
    names = [frame.time, *(column.name for column in read_columns)]
    _refuse_absent(frame, names, table)
    steps, series = _steps_of(frame, table, missing)
    values = {}
    for column in read_columns:
        cells = table[column.name]
        values[column.name] = read_cells(cells, as_cells(column), missing)
    series_names = np.unique(series)
    rows = []
    for name in series_names:
        of_series = series == name
        series_values = {key: x[of_series] for key, x in values.items()}
        row = _window(signature, name, steps[of_series], series_values)
        rows.append(row)
    if not rows:
        raise DeviceError(
            "a table without rows", expected="the newest steps", fix="provide at least one row"
        )
    return series_names, {key: np.stack([row[key] for row in rows]) for key in names}


def _refuse_absent(frame, names, table):
    """Raises DeviceError for columns that the table lacks, except that of the series alone."""
    wanted = list(names)
    if frame.series:
        wanted.append(frame.series)
    absent = [name for name in wanted if name not in table]
    if absent and absent != [frame.series]:
        raise DeviceError(
            f"no column {', '.join(map(shorten, absent))} in the steps",
            expected=", ".join(wanted),
            fix="add the column; leave its cells empty where the values are not known",
        )


def _steps_of(frame, table, missing):
    """Returns the number of each row's step, int64 [rows], and its series, text [rows].

    The series is "" if the table has no column of it.
    """
    time_column = Column(frame.time, "date", frame.format)
    times = read_cells(table[frame.time], time_column, missing)
    unknown = np.isnat(times)
    if unknown.any():
        raise DeviceError(
            f"row {int(unknown.argmax())} has no time",
            expected="a time in every row",
            fix="remove the row",
        )
    refuse_days_without_steps(times, frame)
    steps = frame.numbers(times)
    if frame.series not in table:
        return steps, np.full(len(times), "")
    names = [str(cell).strip() for cell in table[frame.series]]
    return steps, np.array(names)


def shared_steps(signature: Signature, table: Mapping[str, Sequence]) -> str:
    """Returns a sentence if many rows share their step with another row of their series, else "".

    Many are more than MOST_SHARED of the rows, as if the column that separates the series is left
    out.

    Args:
        signature: Of a model of windows.
        table: Raw columns by name, as `newest_windows` takes them.
    """
    frame = signature.frame
    missing = frozenset(signature.missing_words)
    steps, series = _steps_of(frame, table, missing)
    codes = np.unique(series, return_inverse=True)[1]
    pairs = np.stack([codes, steps])
    num_distinct = np.unique(pairs, axis=1).shape[1]
    num_shared = len(steps) - num_distinct
    if num_shared <= MOST_SHARED * len(steps):
        return ""
    hint = ""
    if frame.series and frame.series not in table:
        hint = f"; there is no column {shorten(frame.series)}, which separates the series"
    return (
        f"{num_shared:,} of {len(steps):,} rows share their step with another row: their "
        f"mean is read{hint}"
    )


def known_steps(signature: Signature, columns: Columns) -> np.ndarray:
    """Returns of how many past steps a value of some series is known, int64 [windows].

    The model reads `num_past_steps` of them; the others are filled as missing ones are.

    Args:
        signature: Of a model of windows.
        columns: Windows, as `newest_windows` gives them.
    """
    past = _past_columns(signature)
    size = num_past_steps(signature)
    num_windows = len(columns[past[0].name])
    known = np.zeros((num_windows, size), bool)
    for column in past:
        first = size - column.shape[0]
        known[:, first:] |= ~np.isnan(columns[column.name])
    return known.sum(axis=1)


def num_past_steps(signature: Signature) -> int:
    """Returns how many past steps a window holds."""
    return max(column.shape[0] for column in _past_columns(signature))


def refuse_days_without_steps(times: np.ndarray, frame: Frame) -> None:
    """Raises DeviceError for a time stamp on a day of the week that has no step.

    Args:
        times: Time stamps, datetime64 [rows].
        frame: How windows were cut.
    """
    outside = np.flatnonzero(~frame.has_step(times))
    if not len(outside):
        return
    row = outside[0]
    stamp = np.datetime_as_string(times[row], unit="s")
    kept = ", ".join(DAY_NAMES[day] for day in frame.calendar.weekdays)
    num_more = len(outside) - 1
    more = ""
    if num_more:
        more = f" (and {num_more:,} more rows)"
    raise DeviceError(
        f"row {row}: {stamp} is on a day without a step{more}",
        expected=f"steps on {kept}, as in training",
        fix="remove these rows",
    )


def _past_columns(signature):
    known = signature.frame.known
    series = [column for column in signature.columns if column.kind == SERIES]
    return [column for column in series if column.name not in known]


def as_cells(column: Column) -> Column:
    """Returns a series as the column of its steps; any other column as it is."""
    if column.kind == SERIES:
        return replace(column, kind="numeric", shape=())
    return column


def read_cells(cells: Sequence, column: Column, missing: frozenset[str]) -> np.ndarray:
    """Reads cells of steps as `read_column` does.

    Raises:
        DeviceError: For the first cell that cannot be read.
    """
    values, bad = read_column(cells, column, missing)
    if not bad:
        return values
    first = bad[0]
    more = ""
    if len(bad) > 1:
        more = f" (and {len(bad) - 1} more cells)"
    raise DeviceError(
        f"row {first.row}, column {shorten(column.name)}: {first.reason}: {first.value}{more}",
        expected="values as in training, or empty cells",
        fix="correct the cell, or leave it empty",
    )


def _window(signature, name, steps, values):
    frame = signature.frame
    past = [column.name for column in _past_columns(signature)]
    has_value = [~np.isnan(values[key]) for key in past]
    known = np.any(has_value, axis=0)
    if not known.any():
        raise DeviceError(
            f"the series {shorten(name)} has no value of {', '.join(map(shorten, past))}",
            expected="at least one",
            fix="provide its newest steps",
        )
    origin = int(steps[known].max()) + 1
    stamped_step = origin
    if frame.horizon == 0:
        stamped_step = origin - 1
    row = {frame.time: frame.dates(stamped_step)[()]}
    for column in signature.columns:
        if column.kind == SERIES:
            size = column.shape[0]
            first = origin
            if column.name not in frame.known:
                first = origin - size
            row[column.name] = _mean_by_place(steps - first, values[column.name], size)
        elif column.name != frame.time:
            before = values[column.name][steps < origin]
            row[column.name] = before[-1]
    return row


def _mean_by_place(places, values, size):
    """Returns the mean of the known values of each place, float32 [size]."""
    is_inside = (places >= 0) & (places < size)
    kept = is_inside & ~np.isnan(values)
    places = places[kept]
    weights = values[kept].astype(np.float64)
    total = np.bincount(places, weights=weights, minlength=size)
    count = np.bincount(places, minlength=size)
    mean = total / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan).astype(np.float32)
