"""What the primitives make of the columns, followed without a row: dtypes, shapes and ids, before
memory is taken.

`run_primitives` would find out too, with numpy's words, or would not: an id below zero reads a
table from its end.
"""

import math
import re
from datetime import datetime

from .cells import PICTURE, SERIES, Column
from .dates import UNIX
from .numbers import check_style
from .primitives import Primitive
from .primitives.primitive import MAX_SIDE, MAX_VALUES, Flow, Flows

_DTYPES = {
    "numeric": "float32",
    "series": "float32",
    "categorical": "text",
    "boolean": "text",
    "date": "date",
    "text": "string",
    "picture": "uint8",
}


def follow(columns: tuple[Column, ...], primitives: tuple[Primitive, ...]) -> Flows:
    """Returns every column after the last primitive.

    Raises:
        ValueError: If a primitive reads what it cannot, or a row has too many values.
        KeyError: If one reads what nothing made.
    """
    flows: Flows = {}
    for column in columns:
        _check_column(column)
        dtype = _DTYPES[column.kind]
        flows[column.name] = Flow(dtype, column.shape)
    for primitive in primitives:
        primitive.follow(flows)
        _check_size(primitive, flows)
    return flows


def _check_size(primitive, flows):
    """Raises ValueError for a row with too many values, or with too long an array."""
    num_values = 0
    longest = 0
    for flow in flows.values():
        num_values += math.prod(flow.shape)
        longest = max(longest, *flow.shape, 0)
    if num_values > MAX_VALUES or longest > MAX_SIDE:
        raise ValueError(f"{type(primitive).__name__} makes a row of {num_values:,} values")


def _check_column(column):
    check_style(column)
    has_shape = len(column.shape) > 0
    needs_shape = column.kind in (PICTURE, SERIES)
    if has_shape != needs_shape:
        raise ValueError(f"column {column.name!r}: {column.kind} of shape {column.shape}")
    check_format(column.format)


def check_format(words: str) -> None:
    """Raises ValueError for a date format that `strptime` cannot make an expression of."""
    if words in ("ISO8601", UNIX):
        return
    example = datetime(2001, 2, 3)
    text = example.strftime(words)
    try:
        datetime.strptime(text, words)
    except re.error as error:
        raise ValueError(f"the date format {words!r}: {error}") from None
