"""Primitives of numbers, some of which texts and series know too."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .primitive import DerivingPrimitive, Flow, MappingPrimitive


@dataclass(frozen=True)
class Fill(MappingPrimitive):
    """Fills missing numbers, or texts, with one value.

    Attributes:
        value: A number, or a text for a column of texts.
    """

    value: float | str

    def compute(self, x: np.ndarray) -> np.ndarray:
        if isinstance(self.value, str):
            filled = x.copy()
            unknown = missing_mask(x)
            filled[unknown] = self.value
            return filled
        value = np.float32(self.value)
        unknown = np.isnan(x)
        return np.where(unknown, value, x)

    def flow_of(self, flow: Flow) -> Flow:
        if isinstance(self.value, str):
            self.expect(flow, "text", (0,))
        else:
            self.expect(flow, "float32", (0, 1))
        return flow


@dataclass(frozen=True)
class FillPrevious(MappingPrimitive):
    """Fills a missing number with the last one seen in the rows before it.

    Attributes:
        first: What stands before the first known number.
    """

    first: float

    def reads_other_rows(self) -> bool:
        return True

    def compute(self, x: np.ndarray) -> np.ndarray:
        # `first` is row 0, so that every row has a known one before it.
        first = np.float32(self.first)
        padded = np.concatenate([[first], x])
        padded = padded.astype(np.float32)
        rows = np.arange(len(padded))
        unknown = np.isnan(padded)
        known_rows = np.where(unknown, 0, rows)
        last_known = np.maximum.accumulate(known_rows)
        filled = padded[last_known]
        return filled[1:]

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (0,))
        return flow


@dataclass(frozen=True)
class Missing(DerivingPrimitive):
    """Makes a column of 1.0 where a value is missing, else 0.0; of a series step by step."""

    def compute(self, x: np.ndarray) -> np.ndarray:
        if x.ndim == 2:
            unknown = np.isnan(x)
        else:
            unknown = missing_mask(x)
        return unknown.astype(np.float32)

    def flow_of(self, flow: Flow) -> Flow:
        if flow.dtype == "int32" or len(flow.shape) > 1:
            raise ValueError(f"column {self.column!r} is {flow}, which is never missing")
        return Flow("float32", flow.shape)


@dataclass(frozen=True)
class Affine(MappingPrimitive):
    """Scales numbers: (x - offset) * factor; the column is then finished.

    float32 [rows] → [rows, 1]; a series [rows, steps] stays one.

    Attributes:
        offset: What is subtracted, in the unit of the column.
        factor: What the difference is multiplied by.
    """

    offset: float
    factor: float

    def compute(self, x: np.ndarray) -> np.ndarray:
        offset = np.float32(self.offset)
        factor = np.float32(self.factor)
        # Clip or quantizing cuts infinity to the last step of the scale.
        with np.errstate(over="ignore"):
            scaled = (x - offset) * factor
        if scaled.ndim == 2:
            return scaled
        return scaled[:, None]

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (0, 1))
        shape = flow.shape or (1,)
        return Flow("float32", shape)


@dataclass(frozen=True)
class Clip(MappingPrimitive):
    """Cuts numbers to a range.

    Attributes:
        low: The least number left.
        high: The largest one.
    """

    low: float
    high: float

    def compute(self, x: np.ndarray) -> np.ndarray:
        low = np.float32(self.low)
        high = np.float32(self.high)
        return x.clip(low, high)

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (0, 1))
        if not self.low <= self.high:
            raise ValueError(f"a clip from {self.low} to {self.high}")
        return flow


@dataclass(frozen=True)
class Bins(MappingPrimitive):
    """Encodes numbers piecewise linearly: one value a bin, float32 [rows] → [rows, bins].

    It is 0 below the bin, 1 above it, and inside it the share of the way.

    Attributes:
        edges: Rising float32 numbers, one more than there are bins.
        factors: The reciprocal width of each bin.
    """

    edges: tuple[float, ...]
    factors: tuple[float, ...]

    def width(self) -> int:
        return len(self.factors)

    def compute(self, x: np.ndarray) -> np.ndarray:
        left, factors = self._numbers
        with np.errstate(over="ignore"):
            share = (x[:, None] - left) * factors
        zero = np.float32(0)
        one = np.float32(1)
        return share.clip(zero, one)  # np.clip takes 5 µs more

    @cached_property
    def _numbers(self):
        """The left edge and the factor of each bin."""
        lower_edges = self.edges[:-1]
        return np.asarray(lower_edges, np.float32), np.asarray(self.factors, np.float32)

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "float32", (0,))
        num_bins = len(self.factors)
        num_edges = len(self.edges)
        if num_edges != num_bins + 1 or num_bins < 1:
            raise ValueError(f"{num_edges} edges for {num_bins} bins")
        return Flow("float32", (num_bins,))


def missing_mask(x: np.ndarray) -> np.ndarray:
    """Returns where a column of `cells` is missing, bool [rows]; of a series, any step of it."""
    kind = x.dtype.kind
    if kind == "M":
        return np.isnat(x)
    if x.dtype == np.uint8:
        # A picture that cannot be read is refused, so that none is missing.
        return np.zeros(len(x), bool)
    if kind == "T":
        return np.asarray(x == "")
    if kind == "O":
        unknown = (cell is None for cell in x)
        return np.fromiter(unknown, bool, len(x))
    unknown = np.isnan(x)
    if x.ndim == 1:
        return unknown
    return unknown.any(axis=1)
