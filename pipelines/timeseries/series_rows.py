"""Series of any lengths, and their classes, as a Dataset of one length."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..device.cells import MAX_NUMBER, SERIES, Column, shorten
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset
from ..sources.arrays import MAX_ARRAY_BYTES
from ..sources.labelled_files import LabelledSource, finish, usable_rows
from ..sources.precision import series_as_float32
from .ts_files import MAX_CHANNELS, MAX_STEPS, TS_MISSING


def series_rows(values: Sequence, where: str) -> list[np.ndarray]:
    """Returns each row as float32 [steps, channels].

    Args:
        values: Numbers [steps] or [steps, channels] of each row.
        where: The source, for errors.

    Raises:
        LoadError: For what are no series.
    """
    rows = []
    for number, value in enumerate(values):
        name = f"row {number} of {shorten(where, 120)}"
        row = _numbers_of(value, name)
        _refuse_large(row, name)
        rows.append(series_as_float32(name, row))
    return rows


def _numbers_of(value, name):
    """Returns a row as numbers [steps, channels]."""
    dtype = None
    if isinstance(value, (list, tuple)):
        dtype = np.float64
    try:
        row = np.asarray(value, dtype)
    except (ValueError, TypeError):
        row = np.zeros(0, object)
    if row.ndim == 1:
        row = row[:, None]
    if row.ndim == 2 and row.dtype.kind in "fiu":
        return row
    fix = "provide numbers"
    if row.ndim > 2:
        fix = "put time before channels: np.swapaxes(x, 1, 2)"
    raise LoadError(
        f"{name} is {shorten(np.asarray(value, object))}",
        expected="numbers [steps] or [steps, channels], NaN where one is missing",
        fix=fix,
    )


def _refuse_large(row, name):
    too_large = np.argwhere(np.abs(row) > MAX_NUMBER)  # False for NaN
    if not len(too_large):
        return
    step, channel = too_large[0]
    raise LoadError(
        f"{name}, step {step + 1}: {row[step, channel]:g}",
        expected=f"numbers up to {MAX_NUMBER:g}, or NaN",
        fix="correct the value",
    )


def longest_of_training(rows: list[np.ndarray], parts: Sequence | None) -> int:
    """Returns the most steps of a training row, 0 if there is none.

    Args:
        rows: Series [steps, channels].
        parts: The part of each row; without any, all rows are still to be split.
    """
    if not parts:
        parts = ["train"] * len(rows)
    longest = 0
    for row, part in zip(rows, parts, strict=True):
        if part == "train":
            longest = max(longest, len(row))
    return longest


def series_dataset(
    spec, found: LabelledSource, rows: list[np.ndarray], longest: int
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """Returns the Dataset of the rows that have a class and a value, and notes for the user.

    Args:
        spec: The loader, with its knobs `steps` and `channels`.
        found: The labels, and what else is known of each row.
        rows: Series, float32 [steps, channels].
        longest: The most steps of a training row.

    Raises:
        LoadError: For rows that differ in channels, or are too many or too large.
    """
    num_channels = _count_channels(rows)
    steps = spec.steps or longest
    _check_size(len(rows), steps, num_channels)
    laid = _newest_steps(rows, steps, num_channels)
    found.reasons = _reasons(found.reasons, laid)
    kept = usable_rows(found, SERIES)
    columns = {}
    for place, name in enumerate(_names(spec, num_channels)):
        column = Column(name, SERIES, shape=(steps,))
        columns[column] = laid[kept, :, place]
    dataset, notes = finish(spec, found, kept, columns=columns, target="label")
    schema = replace(dataset.schema, missing_words=TS_MISSING)
    lengths = np.array([len(rows[place]) for place in kept])
    described = []
    for column, values in columns.items():
        words = _in_words(values, lengths, found.where)
        note = ColumnNote(column.name, SERIES, words)
        described.append(note)
    dataset = replace(dataset, schema=schema)
    return dataset, (*described, *notes)


def _reasons(reasons, laid):
    """Returns why rows cannot be used, with a reason for those that have no value."""
    if not reasons:
        reasons = [""] * len(laid)
    is_missing = np.isnan(laid)
    is_empty = is_missing.all(axis=(1, 2))
    all_reasons = []
    for reason, empty in zip(reasons, is_empty, strict=True):
        if empty and not reason:
            reason = "no value"
        all_reasons.append(reason)
    return all_reasons


def _count_channels(rows):
    counts = sorted({row.shape[1] for row in rows})
    if not counts:
        return 1
    if len(counts) > 1:
        shown = ", ".join(str(count) for count in counts)
        raise LoadError(
            f"rows of {shown} channels",
            expected="the same in every row",
            fix="provide the same channels everywhere",
        )
    return counts[0]


def _check_size(num_rows, steps, num_channels):
    has_channels = 0 < num_channels <= MAX_CHANNELS
    is_short = num_rows > 0 and steps < 2
    is_long = steps > MAX_STEPS
    if not has_channels or is_short or is_long:
        raise LoadError(
            f"{num_channels:,} channels of {steps:,} steps",
            expected=f"at most {MAX_CHANNELS:,} channels and 2 to {MAX_STEPS:,} steps",
            fix="thin the series out; of [rows, channels, steps] swap the axes",
        )
    size_bytes = num_rows * steps * num_channels * 4
    if size_bytes > MAX_ARRAY_BYTES:
        raise LoadError(
            f"{num_rows:,} series of {steps:,} steps and {num_channels:,} channels",
            expected=f"at most {MAX_ARRAY_BYTES:,} bytes",
            fix="keep fewer rows, or --set load.steps",
        )


def _newest_steps(rows, steps, num_channels):
    """Returns the last steps of each row, float32 [rows, steps, channels], NaN before its first."""
    shape = (len(rows), steps, num_channels)
    laid = np.full(shape, np.nan, np.float32)
    for row, values in zip(laid, rows, strict=True):
        newest = values[-steps:]
        num_missing = steps - len(newest)
        row[num_missing:] = newest
    return laid


def _names(spec, num_channels):
    names = spec.channels or _default_names(num_channels)
    distinct = {*names, "label", ""}
    is_named_twice = len(distinct) < num_channels + 2
    if len(names) != num_channels or is_named_twice:
        raise LoadError(
            f"load.channels={names!r} for {num_channels} channels",
            expected="a name of its own for each, but for 'label'",
            fix="name every channel in the order of the source, or none",
        )
    return names


def _default_names(num_channels):
    if num_channels == 1:
        return ("series",)
    return tuple(f"channel {place + 1}" for place in range(num_channels))


def _in_words(values, lengths, where):
    num_rows, steps = values.shape
    parts = [f"{num_rows:,} series of {steps:,} steps from {shorten(where, 120)}"]
    is_shorter = lengths < steps
    is_longer = lengths > steps
    if is_shorter.any():
        shortest = lengths.min()
        parts.append(f"{is_shorter.sum():,} shorter, at least {shortest:,}: missing in front")
    if is_longer.any():
        longest = lengths.max()
        parts.append(f"{is_longer.sum():,} longer, at most {longest:,}: the newest steps")
    return "; ".join(parts)
