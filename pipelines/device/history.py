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
    """Cuts the newest window of each series from a table of steps.

    The first step to forecast is the one after the last with a value that is not known beforehand;
    that last one is the newest of its window.

    Args:
        signature: Of a model of windows.
        table: Raw columns by name, a row a step.

    Returns:
        The names of the series, text [series], and typed columns of one row a series, as
        `Runner.read` gives them.

    Raises:
        DeviceError: If a column is missing, a cell cannot be read, or a series has no value.
    """
    frame = signature.windows()
    missing = frozenset(signature.missing_words)
    _refuse_absent(signature, table)
    steps, series = _steps_of(frame, table, missing)
    values = {}
    for column in signature.columns:
        if column.name != frame.time:
            cells = table[column.name]
            values[column.name] = read_cells(cells, as_cells(column), missing)
    names = np.unique(series)
    if not len(names):
        raise DeviceError(
            "a table without rows", expected="the newest steps", fix="provide at least one row"
        )
    columns = {frame.time: []}
    for column_name in values:
        columns[column_name] = []
    for name in names:
        is_own = series == name
        own_values = {column_name: x[is_own] for column_name, x in values.items()}
        window = _window(signature, name, steps[is_own], own_values)
        for column_name, cell in window.items():
            columns[column_name].append(cell)
    return names, {column_name: np.stack(cells) for column_name, cells in columns.items()}


def _refuse_absent(signature, table):
    """Raises DeviceError for columns that the table lacks, except that of the series alone."""
    frame = signature.windows()
    names = [column.name for column in signature.columns if column.name != frame.time]
    wanted = [frame.time, *names]
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
    _refuse_unknown_times(times)
    refuse_days_without_steps(times, frame)
    steps = frame.numbers(times)
    if frame.series not in table:
        return steps, np.full(len(times), "")
    names = [str(cell).strip() for cell in table[frame.series]]
    return steps, np.array(names)


def _refuse_unknown_times(times):
    unknown = np.isnat(times)
    if unknown.any():
        first = int(unknown.argmax())
        raise DeviceError(
            f"row {first} has no time", expected="a time in every row", fix="remove the row"
        )


def shared_steps(signature: Signature, table: Mapping[str, Sequence]) -> str:
    """Returns a sentence if many rows share their step with another row of their series, else "".

    Many are more than MOST_SHARED of the rows, as if the column that separates the series is left
    out.

    Args:
        signature: Of a model of windows.
        table: Raw columns by name, as `newest_windows` takes them.
    """
    frame = signature.windows()
    missing = frozenset(signature.missing_words)
    steps, series = _steps_of(frame, table, missing)
    _, series_numbers = np.unique(series, return_inverse=True)
    pairs = np.stack([series_numbers, steps])
    distinct_pairs = np.unique(pairs, axis=1)
    num_rows = len(steps)
    num_shared = num_rows - distinct_pairs.shape[1]
    if num_shared <= MOST_SHARED * num_rows:
        return ""
    hint = ""
    if frame.series and frame.series not in table:
        hint = f"; there is no column {shorten(frame.series)}, which separates the series"
    return (
        f"{num_shared:,} of {num_rows:,} rows share their step with another row: their "
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
    num_steps = num_past_steps(signature)
    num_windows = len(columns[past[0].name])
    known = np.zeros((num_windows, num_steps), bool)
    for column in past:
        values = columns[column.name]
        (column_steps,) = column.shape
        known[:, num_steps - column_steps :] |= ~np.isnan(values)
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
    is_outside = ~frame.has_step(times)
    if not is_outside.any():
        return
    row = int(is_outside.argmax())
    stamp = np.datetime_as_string(times[row], unit="s")
    kept = ", ".join(DAY_NAMES[day] for day in frame.calendar.weekdays)
    num_more = int(is_outside.sum()) - 1
    more = ""
    if num_more:
        more = f" (and {num_more:,} more rows)"
    raise DeviceError(
        f"row {row}: {stamp} is on a day without a step{more}",
        expected=f"steps on {kept}, as in training",
        fix="remove these rows",
    )


def _past_columns(signature):
    """Returns the series whose values are not known beforehand."""
    known = signature.windows().known
    past = []
    for column in signature.columns:
        if column.kind == SERIES and column.name not in known:
            past.append(column)
    return past


def as_cells(column: Column) -> Column:
    """Returns a series as the column of its steps; any other column as it is."""
    if column.kind == SERIES:
        return replace(column, kind="numeric", shape=())
    return column


def read_cells(cells: Sequence, column: Column, missing: frozenset[str]) -> np.ndarray:
    """Reads cells of steps as `read_column` does.

    Args:
        cells: Raw cells, one a step.
        column: Their column.
        missing: The words that are read as missing.

    Raises:
        DeviceError: For the first cell that cannot be read.
    """
    values, bad = read_column(cells, column, missing)
    if not bad:
        return values
    first = bad[0]
    num_more = len(bad) - 1
    more = ""
    if num_more:
        more = f" (and {num_more} more cells)"
    raise DeviceError(
        f"row {first.row}, column {shorten(column.name)}: {first.reason}: {first.value}{more}",
        expected="values as in training, or empty cells",
        fix="correct the cell, or leave it empty",
    )


def _window(signature, name, steps, values):
    """Returns the newest window of a series, a cell by column.

    Args:
        signature: Of a model of windows.
        name: Of the series.
        steps: The number of the step of each of its rows, int64 [rows].
        values: Typed cells of its rows by column, [rows].
    """
    frame = signature.windows()
    origin = _origin(signature, name, steps, values)
    stamped_step = origin
    if frame.horizon == 0:
        stamped_step = origin - 1  # the row's time is its newest step
    window = {frame.time: frame.dates(stamped_step)[()]}
    is_past = steps < origin
    for column in signature.columns:
        column_values = values.get(column.name)
        if column.kind == SERIES:
            (num_steps,) = column.shape
            first = origin
            if column.name not in frame.known:
                first = origin - num_steps
            window[column.name] = _mean_by_place(steps - first, column_values, num_steps)
        elif column.name != frame.time:
            past_values = column_values[is_past]
            window[column.name] = past_values[-1]
    return window


def _origin(signature, name, steps, values):
    """Returns the step after the newest one with a value. Raises DeviceError if none has one."""
    past = [column.name for column in _past_columns(signature)]
    has_value = np.zeros(len(steps), bool)
    for column_name in past:
        has_value |= ~np.isnan(values[column_name])
    if not has_value.any():
        raise DeviceError(
            f"the series {shorten(name)} has no value of {', '.join(map(shorten, past))}",
            expected="at least one",
            fix="provide its newest steps",
        )
    newest = steps[has_value].max()
    return int(newest) + 1


def _mean_by_place(places, values, size):
    """Returns the mean of the known values of each place, float32 [size]."""
    is_inside = (places >= 0) & (places < size)
    is_known = ~np.isnan(values)
    is_kept = is_inside & is_known
    kept_places = places[is_kept]
    kept_values = values[is_kept].astype(np.float64)
    total = np.bincount(kept_places, weights=kept_values, minlength=size)
    count = np.bincount(kept_places, minlength=size)
    mean = total / np.maximum(count, 1)
    of_known = np.where(count > 0, mean, np.nan)
    return of_known.astype(np.float32)
