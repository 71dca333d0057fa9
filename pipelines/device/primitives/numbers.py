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
            filled = x.copy()
            filled[[cell is None for cell in x]] = self.value
        else:
            filled = np.where(np.isnan(x), np.float32(self.value), x)
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
        x = np.concatenate([[np.float32(self.first)], columns[self.column]]).astype(np.float32)
        seen = np.maximum.accumulate(np.where(np.isnan(x), 0, np.arange(len(x))))
        columns[self.column] = x[seen][1:]

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "float32", (0,))


@dataclass(frozen=True)
class Missing(ColumnPrimitive):
    """A new column `into`: 1.0 where `column` is missing, else 0.0; of a series step by step."""

    into: str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        columns[self.into] = (np.isnan(x) if x.ndim == 2 else missing_mask(x)).astype(np.float32)

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
        with np.errstate(
            over="ignore"
        ):  # infinity is cut to the last step of the scale by Clip or by quantizing
            scaled = (columns[self.column] - np.float32(self.offset)) * np.float32(self.factor)
        if scaled.ndim == 2:
            columns[self.column] = scaled
        else:
            columns[self.column] = scaled[:, None]

    def follow(self, flows: Flows) -> None:
        flows[self.column] = Flow(
            "float32", take(flows, self.column, "float32", (0, 1)).shape or (1,)
        )


@dataclass(frozen=True)
class Clip(ColumnPrimitive):
    """x cut to [low, high]."""

    low: float
    high: float

    def run(self, columns: Columns) -> None:
        columns[self.column] = np.clip(
            columns[self.column], np.float32(self.low), np.float32(self.high)
        )

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
        with np.errstate(over="ignore"):
            share = (columns[self.column][:, None] - left) * factors
        columns[self.column] = np.clip(share, np.float32(0), np.float32(1))

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "float32", (0,))
        if len(self.edges) != len(self.factors) + 1 or not self.factors:
            raise ValueError(f"{len(self.edges)} edges for {len(self.factors)} bins")
        flows[self.column] = Flow("float32", (len(self.factors),))


def missing_mask(x: np.ndarray) -> np.ndarray:
    """bool [rows]: where a column of `cells` is missing."""
    if x.dtype.kind == "M":
        return np.isnat(x)
    if x.dtype == np.uint8:
        return np.zeros(len(x), bool)  # a picture that cannot be read is refused
    if x.dtype.kind == "T":
        return np.asarray(x == "")
    if x.dtype.kind == "O":
        return np.fromiter((cell is None for cell in x), bool, len(x))
    if x.ndim == 1:
        return np.isnan(x)
    return np.isnan(x).any(axis=1)
