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
from .raw_rows import names_missing
from .signature import Signature
from .visible import and_more

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
    missing = signature.missing()
    _refuse_absent(signature, table)
    steps, series = _steps_of(signature, table)
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
    windows = []
    for name in names:
        is_own = series == name
        own_values = {}
        for column_name, x in values.items():
            own_values[column_name] = x[is_own]
        window = _window(signature, name, steps[is_own], own_values)
        windows.append(window)
    columns = {}
    for column_name in (frame.time, *values):
        cells = [window[column_name] for window in windows]
        columns[column_name] = np.stack(cells)
    return names, columns


def _refuse_absent(signature, table):
    """Raises DeviceError for columns that the table lacks, except that of the series alone."""
    frame = signature.windows()
    wanted = [frame.time]
    for column in signature.columns:
        if column.name != frame.time:
            wanted.append(column.name)
    if frame.series:
        wanted.append(frame.series)
    absent = names_missing(wanted, table)
    if absent and absent != [frame.series]:
        names = ", ".join(map(shorten, absent))
        raise DeviceError(
            f"no column {names} in the steps",
            expected=", ".join(wanted),
            fix="add the column; leave its cells empty where the values are not known",
        )


def _steps_of(signature, table):
    """Returns the number of each row's step, int64 [rows], and its series, text [rows].

    The series is "" if the table has no column of it.
    """
    frame = signature.windows()
    times = read_cells(table[frame.time], frame.time_column(), signature.missing())
    _refuse_unknown_times(times)
    refuse_days_without_steps(times, frame)
    steps = frame.numbers(times)
    names = [""] * len(times)
    if frame.series in table:
        cells = map(str, table[frame.series])
        names = [cell.strip() for cell in cells]
    return steps, np.array(names, str)


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
    steps, series = _steps_of(signature, table)
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
    num_steps = num_past_steps(signature)
    known = None
    for column in signature.past_series():
        values = columns[column.name]
        num_windows, own_steps = values.shape
        if known is None:
            known = np.zeros((num_windows, num_steps), bool)
        first = num_steps - own_steps
        known[:, first:] |= ~np.isnan(values)
    return known.sum(axis=1)


def num_past_steps(signature: Signature) -> int:
    """Returns how many past steps a window holds."""
    num_steps = 0
    for column in signature.past_series():
        (own_steps,) = column.shape
        num_steps = max(num_steps, own_steps)
    return num_steps


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
    weekdays = [DAY_NAMES[day] for day in frame.calendar.weekdays]
    kept = ", ".join(weekdays)
    num_outside = int(is_outside.sum())
    more = and_more(num_outside - 1, "row")
    raise DeviceError(
        f"row {row}: {stamp} is on a day without a step{more}",
        expected=f"steps on {kept}, as in training",
        fix="remove these rows",
    )


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
    more = and_more(len(bad) - 1, "cell")
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
    past = [column.name for column in signature.past_series()]
    has_value = np.zeros(len(steps), bool)
    for column_name in past:
        has_value |= ~np.isnan(values[column_name])
    if not has_value.any():
        names = ", ".join(map(shorten, past))
        raise DeviceError(
            f"the series {shorten(name)} has no value of {names}",
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
    has_mean = count > 0
    mean = np.full(size, np.nan, np.float32)
    mean[has_mean] = total[has_mean] / count[has_mean]
    return mean
