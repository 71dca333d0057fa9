"""What the primitives make of the columns, followed without a row: dtypes, shapes and ids, before
memory is taken.

`run_primitives` would find out too, with numpy's words, or would not: an id below zero reads a
table from its end.
"""

import math
import re
from datetime import datetime

from .cells import Column
from .dates import UNIX
from .numbers import check_style
from .primitives import Primitive
from .primitives.primitive import MAX_SIDE, MAX_VALUES, Flow

_OF_KIND = {
    "numeric": "float32",
    "series": "float32",
    "categorical": "text",
    "boolean": "text",
    "date": "date",
    "text": "string",
    "picture": "uint8",
}


def follow(columns: tuple[Column, ...], primitives: tuple[Primitive, ...]) -> dict[str, Flow]:
    """Every column after the last primitive. Raises ValueError where one reads what it cannot,
    KeyError where it reads what nothing made.
    """
    for column in columns:
        _check_column(column)
    flows = {column.name: Flow(_OF_KIND[column.kind], column.shape) for column in columns}
    for primitive in primitives:
        primitive.follow(flows)
        size = sum(math.prod(flow.shape) for flow in flows.values())
        if size > MAX_VALUES or any(
            max(flow.shape, default=0) > MAX_SIDE for flow in flows.values()
        ):
            raise ValueError(f"{type(primitive).__name__} makes a row of {size:,} values")
    return flows


def _check_column(column):
    check_style(column)
    if (column.kind in ("picture", "series")) != bool(column.shape):
        raise ValueError(f"column {column.name!r}: {column.kind} of shape {column.shape}")
    check_format(column.format)


def check_format(words: str) -> None:
    """Raises ValueError for a date format that `strptime` cannot make an expression of."""
    if words not in ("ISO8601", UNIX):
        try:
            datetime.strptime(datetime(2001, 2, 3).strftime(words), words)
        except re.error as error:
            raise ValueError(f"the date format {words!r}: {error}") from None
