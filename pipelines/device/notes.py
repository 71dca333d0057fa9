"""What is unusual about a row, in words. Such a row is answered all the same; whoever reads the
answer should know.

The web page has the same notes: `targets/web/page/notes.js`.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context

import numpy as np

from .cells import PICTURE, TEXT, Column, shorten
from .history import known_steps, num_past_steps
from .primitives import Columns, missing_mask
from .primitives.texts import Words
from .signature import Signature
from .visible import and_more

_SIX_DIGITS = Context(prec=6, rounding=ROUND_HALF_UP)  # as JavaScript rounds

Note = tuple[int, str]  # of a row: its number and the words


def row_notes(signature: Signature, columns: Columns, prepared: Columns) -> np.ndarray:
    """Returns the notes on each row, object [rows]: "; " between them, "" if there is none.

    Args:
        signature: Of the model.
        columns: Typed raw columns, as `Runner.read` gives them.
        prepared: The same rows after every primitive.
    """
    first_column = next(iter(columns.values()))
    notes = np.full(len(first_column), "", object)
    for row, words in _all_notes(signature, columns, prepared):
        if notes[row]:
            notes[row] += "; "
        notes[row] += words
    return notes


def _all_notes(signature, columns, prepared) -> Iterator[Note]:
    yield from _without_values(signature, columns)
    yield from _without_known_tokens(signature, prepared)
    yield from _of_one_colour(signature, columns)
    if signature.frame is not None:
        yield from _few_steps(signature, columns)
    yield from _far_outside(signature, columns)


def _without_values(signature, columns) -> Iterator[Note]:
    """Yields a note on rows whose every cell is missing, or windows without a value."""
    cells = _single_cells(signature)
    if not cells:
        return
    past = [column.name for column in signature.past_series()]
    names = past or cells
    # What numpy looks through comes first: few rows are left for the others.
    names.sort(key=lambda name: columns[name].dtype.kind != "f")
    num_rows = len(columns[names[0]])
    rows = np.arange(num_rows)
    for name in names:
        is_missing = _has_no_value(columns[name][rows])
        rows = rows[is_missing]
        if not len(rows):
            return
    words = "every cell is missing"
    if past:
        words = "no step of the window has a value"
    for row in rows.tolist():
        yield row, words


def _single_cells(signature):
    """Returns the names of the columns but texts and the time of a window."""
    time = ""
    if signature.frame is not None:
        time = signature.frame.time
    names = []
    for column in signature.columns:
        if column.kind != TEXT and column.name != time:
            names.append(column.name)
    return names


def _has_no_value(x):
    """Returns where a cell is missing, or every step of a series, bool [rows]."""
    if x.ndim == 2:
        unknown = np.isnan(x)
        return unknown.all(axis=1)
    return missing_mask(x)


def _without_known_tokens(signature, prepared) -> Iterator[Note]:
    """Yields a note on texts that hold nothing the model learned from."""
    reader = _token_reader(signature)
    if reader is None:
        return
    ids = prepared[reader.column]
    is_known = (ids > 0) & (ids <= len(reader.keys))
    has_known = is_known.any(axis=1)
    for row in np.flatnonzero(~has_known).tolist():
        yield row, "no token of the text is known from training"


def _token_reader(signature):
    """Returns the primitive that reads texts as tokens, or None."""
    for primitive in signature.primitives:
        if isinstance(primitive, Words):
            return primitive
    return None


def _of_one_colour(signature, columns) -> Iterator[Note]:
    """Yields a note on pictures whose every pixel is the same."""
    for column in signature.columns:
        if column.kind != PICTURE:
            continue
        pixels = columns[column.name]
        corner = pixels[:, :1, :1]
        is_plain = (pixels == corner).all(axis=(1, 2, 3))
        for row in np.flatnonzero(is_plain).tolist():
            yield row, "the picture has one colour"
        return  # of several pictures the first


def _few_steps(signature, columns) -> Iterator[Note]:
    """Yields a note on windows of which some past steps are known, but less than half."""
    num_steps = num_past_steps(signature)
    counts = known_steps(signature, columns)
    is_known = counts > 0
    is_sparse = is_known & (2 * counts < num_steps)
    for row in np.flatnonzero(is_sparse).tolist():
        words = f"{counts[row]:,} of the {num_steps:,} past steps that the model reads are known"
        yield row, words


def far_limits(low: float, high: float) -> tuple[np.float32, np.float32]:
    """Returns the numbers below and above which a number is far outside of training's range.

    It is then outside by more than the range is wide.

    Args:
        low: The least number of the training rows.
        high: The largest one.
    """
    width = high - low
    with np.errstate(over="ignore"):  # nothing is below or above infinity
        least = np.float32(low - width)
        most = np.float32(high + width)
    return least, most


def _far_outside(signature, columns) -> Iterator[Note]:
    """Yields a note on numbers far outside of training's range.

    The first such column is named, the others are counted.
    """
    words: dict[int, str] = {}
    num_more: dict[int, int] = {}
    for column in signature.columns:
        if column.name not in signature.ranges:
            continue
        limits = signature.ranges[column.name]
        x = columns[column.name]
        is_far = _is_far(x, limits)
        for row in _rows_with_any(is_far):
            if row in words:
                num_more[row] += 1
            else:
                words[row] = _far_words(column, x[row], is_far[row], limits)
                num_more[row] = 0
    for row, of_first in words.items():
        yield row, of_first + and_more(num_more[row], "column")


def _is_far(x, limits):
    """Returns where a number is far outside of the limits, bool like x; not where it is missing."""
    low, high = limits
    least, most = far_limits(low, high)
    return (x < least) | (x > most)


def _rows_with_any(mask):
    """Returns the rows of a mask [rows] or [rows, steps] that have a place in it."""
    if mask.ndim == 2:
        mask = mask.any(axis=1)
    return np.flatnonzero(mask).tolist()


def _far_words(column: Column, x, is_far, limits):
    """Returns the note on a cell, or on the first such step of a series."""
    value = x
    where = ""
    if is_far.ndim:
        step = int(np.argmax(is_far))
        value = x[step]
        where = f"step {step + 1} is "
    low, high = map(short_number, limits)
    return (
        f"column {shorten(column.name)}: {where}{short_number(value)}, far outside of "
        f"training's {low} to {high}"
    )


def short_number(value: float) -> str:
    """Returns a number in at most six digits, as `format(value, "g")`, halves rounded away from
    zero.
    """
    rounded = _SIX_DIGITS.create_decimal(float(value))
    return f"{float(rounded):g}"


def notes_count(notes: int, rows: int) -> str:
    """Returns the line for standard error: how many of the rows have a note."""
    has = "have"
    if notes == 1:
        has = "has"
    return f"{notes:,} of {rows:,} answers {has} a note: see the column note"
