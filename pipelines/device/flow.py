"""What the primitives make of the columns, followed without a row: dtypes, shapes and ids, before
memory is taken.

`run_primitives` would find out too, with numpy's words, or would not: an id below zero reads a
table from its end.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime

from .cells import Column
from .dates import UNIX
from .numbers import check_style
from .primitives import (
    DATE_PARTS,
    Affine,
    Bigrams,
    Bins,
    Characters,
    Clip,
    DatePart,
    Fill,
    FillPrevious,
    FillSteps,
    Lookup,
    Missing,
    Onehot,
    OwnScale,
    Pack,
    PackSteps,
    Primitive,
    SinceSeen,
    StepIds,
    Subwords,
    Table,
    Words,
)

MAX_SIDE, MAX_VALUES = 32_768, 2**26  # of one array of a row, and of all arrays of a row
MAX_SPELLED = 64  # characters that one character may be spelled as
MAX_KEYS = 2**24


@dataclass(frozen=True)
class Flow:
    """A column without its rows: the dtype ("float32", "int32", "uint8", "text", "string", "date"),
    the shape of a row, and of int32 how many ids there are, from 0.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    num_ids: int = 0


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
        _STEPS[type(primitive)](primitive, flows)
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


def _take(flows, name, dtype, dimensions):
    flow = flows[name]
    if flow.dtype != dtype or len(flow.shape) not in dimensions:
        raise ValueError(f"column {name!r} is {flow.dtype} {list(flow.shape)}, wanted is {dtype}")
    return flow


def _fill(step, flows):
    _take(
        flows,
        step.column,
        *(("text", (0,)) if isinstance(step.value, str) else ("float32", (0, 1))),
    )


def _fill_previous(step, flows):
    _take(flows, step.column, "float32", (0,))


def _missing(step, flows):
    flow = flows[step.column]
    if flow.dtype == "int32" or len(flow.shape) > 1:
        raise ValueError(
            f"column {step.column!r} is {flow.dtype} {list(flow.shape)}, which is never missing"
        )
    flows[step.into] = Flow("float32", flow.shape)


def _affine(step, flows):
    flows[step.column] = Flow("float32", _take(flows, step.column, "float32", (0, 1)).shape or (1,))


def _clip(step, flows):
    _take(flows, step.column, "float32", (0, 1))
    if not step.low <= step.high:
        raise ValueError(f"a clip from {step.low} to {step.high}")


def _bins(step, flows):
    _take(flows, step.column, "float32", (0,))
    if len(step.edges) != len(step.factors) + 1 or not step.factors:
        raise ValueError(f"{len(step.edges)} edges for {len(step.factors)} bins")
    flows[step.column] = Flow("float32", (len(step.factors),))


def _lookup(step, flows):
    _take(flows, step.column, "text", (0,))
    ids = (
        step.unknown,
        step.missing,
        *((step.first, step.first + len(step.keys) - 1) if step.keys else ()),
    )
    keys = [key.encode("utf-8") for key in step.keys]
    if not all(0 <= each < MAX_KEYS for each in ids) or keys != sorted(set(keys)):
        raise ValueError(f"keys out of order, or ids {ids}")
    flows[step.column] = Flow("int32", (), max(ids) + 1)


def _onehot(step, flows):
    _has_ids(_take(flows, step.column, "int32", (0,)), step.depth)
    flows[step.column] = Flow("float32", (step.depth,))


def _table(step, flows):
    _has_ids(_take(flows, step.column, "int32", (0,)), len(step.rows))
    widths = {len(row) for row in step.rows}
    if len(widths) != 1 or 0 in widths:
        raise ValueError(f"a table with rows of {sorted(widths)} values")
    flows[step.column] = Flow("float32", (widths.pop(),))


def _has_ids(flow, places):
    if flow.num_ids > places:
        raise ValueError(f"{flow.num_ids} ids for {places} places")


def _date_part(step, flows):
    _take(flows, step.column, "date", (0,))
    flows[step.into] = Flow("int32", (), DATE_PARTS[step.part] + 1)


def _words(step, flows):
    _take(flows, step.column, "string", (0,))
    if not 0 < step.num_ids() <= MAX_KEYS or any(
        len(text) > MAX_SPELLED for _, text in step.letters
    ):
        raise ValueError(f"{step.num_ids()} ids, or a letter that is spelled as a text")
    flows[step.column] = Flow("int32", (step.window,), step.num_ids())


def _subwords(step, flows):
    _words(step, flows)
    if not all(0 <= each < step.num_ids() for merge in step.merges for each in merge):
        raise ValueError("merges of ids that there are not")


def _bigrams(step, flows):
    flow = _take(flows, step.column, "int32", (1,))
    if not 0 < step.num_buckets < MAX_KEYS:
        raise ValueError(f"{step.num_buckets} buckets")
    flows[step.into] = Flow("int32", flow.shape, step.num_ids())


def _fill_steps(step, flows):
    _take(flows, step.column, "float32", (1,))


def _since_seen(step, flows):
    if step.most > MAX_SIDE:
        raise ValueError(f"most {step.most}")
    flows[step.into] = _take(flows, step.column, "float32", (1,))


def _own_scale(step, flows):
    flow = _take(flows, step.column, "float32", (1,))
    flows.update(
        {step.into: flow, step.into_offset: Flow("float32"), step.into_factor: Flow("float32")}
    )


def _step_ids(step, flows):
    flows[step.column] = Flow(
        "int32", _take(flows, step.column, "float32", (1,)).shape, step.num_ids
    )


def _pack(step, flows):
    given = [flows[name] for name in step.columns]
    if not given:
        raise ValueError(f"nothing to pack into {step.into!r}")
    if len(given) == 1 and given[0].dtype in ("uint8", "int32") and given[0].shape:
        flows[step.into] = given[0]
        return
    alike = {(flow.dtype, len(flow.shape) if flow.dtype == "int32" else 0) for flow in given}
    if alike not in ({("float32", 0)}, {("int32", 0)}) or any(
        len(flow.shape) > 1 for flow in given
    ):
        raise ValueError(f"columns of {sorted(alike)} packed into {step.into!r}")
    flows[step.into] = Flow(
        given[0].dtype,
        (sum(math.prod(flow.shape) for flow in given),),
        max(flow.num_ids for flow in given),
    )


def _pack_steps(step, flows):
    shapes = {_take(flows, name, "float32", (1,)).shape for name in step.columns}
    if len(shapes) != 1:
        raise ValueError(f"series of {sorted(shapes)} steps packed into {step.into!r}")
    flows[step.into] = Flow("float32", (*shapes.pop(), len(step.columns)))


_STEPS = {
    Fill: _fill,
    FillPrevious: _fill_previous,
    Missing: _missing,
    Affine: _affine,
    Clip: _clip,
    Bins: _bins,
    Lookup: _lookup,
    Onehot: _onehot,
    Table: _table,
    DatePart: _date_part,
    Words: _words,
    Characters: _words,
    Subwords: _subwords,
    Bigrams: _bigrams,
    FillSteps: _fill_steps,
    SinceSeen: _since_seen,
    OwnScale: _own_scale,
    StepIds: _step_ids,
    Pack: _pack,
    PackSteps: _pack_steps,
}
