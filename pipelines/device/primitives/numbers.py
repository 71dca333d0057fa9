"""Primitives of numbers, some of which texts and series know too."""

from dataclasses import dataclass

import numpy as np

from .primitive import ColumnPrimitive, Columns, Flow, Flows, take


@dataclass(frozen=True)
class Fill(ColumnPrimitive):
    """A missing number or text becomes `value`."""

    value: float | str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        if isinstance(self.value, str):
            unknown = [cell is None for cell in x]
            filled = x.copy()
            filled[unknown] = self.value
        else:
            value = np.float32(self.value)
            filled = np.where(np.isnan(x), value, x)
        columns[self.column] = filled

    def follow(self, flows: Flows) -> None:
        if isinstance(self.value, str):
            take(flows, self.column, "text", (0,))
        else:
            take(flows, self.column, "float32", (0, 1))


@dataclass(frozen=True)
class FillPrevious(ColumnPrimitive):
    """A missing number becomes the last one seen in the rows before it, or `first` where there is
    none.
    """

    first: float

    def run(self, columns: Columns) -> None:
        first = np.float32(self.first)
        x = np.concatenate([[first], columns[self.column]]).astype(np.float32)
        rows = np.arange(len(x))
        known_rows = np.where(np.isnan(x), 0, rows)
        last_known = np.maximum.accumulate(known_rows)
        filled = x[last_known]
        columns[self.column] = filled[1:]

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "float32", (0,))


@dataclass(frozen=True)
class Missing(ColumnPrimitive):
    """A new column `into`: 1.0 where `column` is missing, else 0.0; of a series step by step."""

    into: str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        if x.ndim == 2:
            unknown = np.isnan(x)
        else:
            unknown = missing_mask(x)
        columns[self.into] = unknown.astype(np.float32)

    def makes(self) -> tuple[str, ...]:
        return (self.into,)

    def follow(self, flows: Flows) -> None:
        flow = flows[self.column]
        if flow.dtype == "int32" or len(flow.shape) > 1:
            raise ValueError(
                f"column {self.column!r} is {flow.dtype} {list(flow.shape)}, which is never missing"
            )
        flows[self.into] = Flow("float32", flow.shape)


@dataclass(frozen=True)
class Affine(ColumnPrimitive):
    """(x - offset) * factor. float32 [rows] → [rows, 1], a series [rows, steps] stays one: the
    column is finished.
    """

    offset: float
    factor: float

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        offset = np.float32(self.offset)
        factor = np.float32(self.factor)
        # Clip or quantizing cuts infinity to the last step of the scale.
        with np.errstate(over="ignore"):
            scaled = (x - offset) * factor
        if scaled.ndim == 2:
            columns[self.column] = scaled
        else:
            columns[self.column] = scaled[:, None]

    def follow(self, flows: Flows) -> None:
        flow = take(flows, self.column, "float32", (0, 1))
        shape = flow.shape or (1,)
        flows[self.column] = Flow("float32", shape)


@dataclass(frozen=True)
class Clip(ColumnPrimitive):
    """x cut to [low, high]."""

    low: float
    high: float

    def run(self, columns: Columns) -> None:
        low = np.float32(self.low)
        high = np.float32(self.high)
        columns[self.column] = np.clip(columns[self.column], low, high)

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "float32", (0, 1))
        if not self.low <= self.high:
            raise ValueError(f"a clip from {self.low} to {self.high}")


@dataclass(frozen=True)
class Bins(ColumnPrimitive):
    """Piecewise-linear encoding: one value a bin, 0 below it, 1 above it, the share of the way
    inside it.

    `edges` are n+1 rising float32 numbers; `factors` are the n reciprocal widths. float32 [rows] →
    [rows, n].
    """

    edges: tuple[float, ...]
    factors: tuple[float, ...]

    def width(self) -> int:
        return len(self.factors)

    def run(self, columns: Columns) -> None:
        left = np.asarray(self.edges[:-1], np.float32)
        factors = np.asarray(self.factors, np.float32)
        x = columns[self.column][:, None]
        with np.errstate(over="ignore"):
            share = (x - left) * factors
        columns[self.column] = np.clip(share, np.float32(0), np.float32(1))

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "float32", (0,))
        num_edges = len(self.edges)
        num_bins = len(self.factors)
        if num_edges != num_bins + 1 or not num_bins:
            raise ValueError(f"{num_edges} edges for {num_bins} bins")
        flows[self.column] = Flow("float32", (num_bins,))


def missing_mask(x: np.ndarray) -> np.ndarray:
    """Returns where a column of `cells` is missing, bool [rows]."""
    if x.dtype.kind == "M":
        return np.isnat(x)
    if x.dtype == np.uint8:
        return np.zeros(len(x), bool)  # a picture that cannot be read is refused
    if x.dtype.kind == "T":
        return np.asarray(x == "")
    if x.dtype.kind == "O":
        unknown = (cell is None for cell in x)
        return np.fromiter(unknown, bool, len(x))
    unknown = np.isnan(x)
    if x.ndim == 1:
        return unknown
    return unknown.any(axis=1)
