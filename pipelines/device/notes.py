"""What is unusual about a row, in words. Such a row is answered all the same; whoever reads the
answer should know.

The web page has the same notes: `targets/web/page/notes.js`.
"""

from decimal import ROUND_HALF_UP, Context

import numpy as np

from .cells import PICTURE, SERIES, TEXT, shorten
from .history import known_steps, num_past_steps
from .primitives import Columns, missing_mask
from .primitives.texts import Words
from .signature import Signature

_SIX_DIGITS = Context(prec=6, rounding=ROUND_HALF_UP)  # as JavaScript rounds


def row_notes(signature: Signature, columns: Columns, prepared: Columns) -> np.ndarray:
    """object [rows]: the notes on each row, with "; " between them, "" where there is none.

    columns: typed raw columns, as `Runner.read` gives them. prepared: the same rows after every
    primitive.
    """
    num_rows = len(next(iter(columns.values())))
    found: dict[int, list[str]] = {}
    for rows, words in (
        _without_values(signature, columns, num_rows),
        _without_known_tokens(signature, prepared),
        _of_one_colour(signature, columns),
    ):
        for row in rows.tolist():
            found.setdefault(row, []).append(words)
    for row, words in (
        *_few_steps(signature, columns).items(),
        *_far_outside(signature, columns).items(),
    ):
        found.setdefault(row, []).append(words)
    notes = np.full(num_rows, "", object)
    for row, words in found.items():
        notes[row] = "; ".join(words)
    return notes


def _without_values(signature, columns, num_rows):
    """(int [n], words): rows whose every cell is missing, or windows without a value."""
    frame = signature.frame
    if frame:
        ahead = frame.known
    else:
        ahead = ()
    past = [
        column.name
        for column in signature.columns
        if column.kind == SERIES and column.name not in ahead
    ]
    if frame:
        time = frame.time
    else:
        time = ""
    cells = [
        column.name for column in signature.columns if column.kind != TEXT and column.name != time
    ]
    rows = np.arange(num_rows)
    # What numpy looks through comes first: few rows are left for the others.
    for name in sorted(past or cells, key=lambda name: columns[name].dtype.kind != "f"):
        x = columns[name][rows]
        if x.ndim == 2:
            missing = np.isnan(x).all(axis=1)
        else:
            missing = missing_mask(x)
        rows = rows[missing]
        if not len(rows):
            break
    if not cells:
        rows = rows[:0]
    return rows, "no step of the window has a value" if past else "every cell is missing"


def _few_steps(signature, columns):
    """Row → words, for windows of which some past steps are known, but less than half."""
    if signature.frame is None:
        return {}
    size = num_past_steps(signature)
    counts = known_steps(signature, columns)
    return {
        row: f"{counts[row]:,} of the {size:,} past steps that the model reads are known"
        for row in np.flatnonzero((counts > 0) & (2 * counts < size)).tolist()
    }


def _without_known_tokens(signature, prepared):
    """(int [n], words): texts that hold nothing the model learned from."""
    reader = next((each for each in signature.primitives if isinstance(each, Words)), None)
    if reader is None:
        return np.zeros(0, np.int64), ""
    ids = prepared[reader.column]
    known = (ids > 0) & (ids <= len(reader.keys))
    return np.flatnonzero(~known.any(axis=1)), "no token of the text is known from training"


def _of_one_colour(signature, columns):
    """(int [n], words): pictures whose every pixel is the same."""
    name = next((column.name for column in signature.columns if column.kind == PICTURE), None)
    if name is None:
        return np.zeros(0, np.int64), ""
    pixels = columns[name]
    return np.flatnonzero(
        (pixels == pixels[:, :1, :1]).all(axis=(1, 2, 3))
    ), "the picture has one colour"


def far_limits(low: float, high: float) -> tuple[np.float32, np.float32]:
    """Below the first and above the second a number is far outside of training's range: by more
    than that range is wide.
    """
    with np.errstate(over="ignore"):  # nothing is below or above infinity
        return np.float32(low - (high - low)), np.float32(high + (high - low))


def _far_outside(signature, columns):
    """Row → words, for numbers far outside of training's range: the first such column is named, the
    others counted.
    """
    found: dict[int, str] = {}
    more: dict[int, int] = {}
    for column in signature.columns:
        if column.name not in signature.ranges:
            continue
        low, high = signature.ranges[column.name]
        x = columns[column.name]
        least, most = far_limits(low, high)
        far = (x < least) | (x > most)  # False for NaN
        for row in np.flatnonzero(far.any(axis=1) if far.ndim == 2 else far).tolist():
            if row in found:
                more[row] = more.get(row, 0) + 1
            else:
                found[row] = _far_words(column, x[row], far[row], (low, high))
    return {row: words + _count_of(more.get(row, 0)) for row, words in found.items()}


def _far_words(column, x, far, limits):
    if far.ndim:
        step = int(np.argmax(far))
    else:
        step = 0
    if far.ndim:
        value = x[step]
    else:
        value = x
    if far.ndim:
        where = f"step {step + 1} is "
    else:
        where = ""
    low, high = map(short_number, limits)
    return (
        f"column {shorten(column.name)}: {where}{short_number(value)}, far outside of "
        f"training's {low} to {high}"
    )


def _count_of(more):
    if not more:
        return ""
    return f" (and {more} more column{'s' if more > 1 else ''})"


def short_number(value: float) -> str:
    """A number in at most six digits, as `format(value, "g")`, halves rounded away from zero."""
    return f"{float(_SIX_DIGITS.create_decimal(float(value))):g}"


def notes_count(notes: int, rows: int) -> str:
    """The line for standard error: how many of the rows have a note."""
    if notes == 1:
        has = "has"
    else:
        has = "have"
    return f"{notes:,} of {rows:,} answers {has} a note: see the column note"
