"""The few numeric primitives that every fitted step becomes, and that the generated C knows too.

A primitive is a frozen record of fitted numbers with `run(columns) -> None`, which rewrites the
columns in place. All arithmetic is float32 and every operation is one that C99 rounds the same way,
so that the rows a model was trained on, the rows that Python answers and the rows a microcontroller
sees agree bit for bit. That is why there is no sine here: a cyclic date part is an integer that
looks up a table.

Columns are arrays by name, rows first: float32 [rows], [rows, width] or, of series, [rows, steps],
object text [rows], int32 [rows] or [rows, window], datetime64[s] [rows], StringDType [rows], uint8
[rows, height, width, channels] (see `cells`).
"""

from dataclasses import asdict, dataclass

import numpy as np

from .series import FillSteps, OwnScale, PackSteps, SinceSeen, StepIds
from .texts import Bigrams, Characters, Subwords, Words
from .typed import read_typed

DATE_PARTS = {
    "month": 12,
    "day_of_month": 31,
    "day_of_year": 366,
    "weekday": 7,
    "hour": 24,
    "minute": 60,
}

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Fill:
    """A missing number or text becomes `value`."""

    column: str
    value: float | str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        if isinstance(self.value, str):
            filled = x.copy()
            filled[[cell is None for cell in x]] = self.value
        else:
            filled = np.where(np.isnan(x), np.float32(self.value), x)
        columns[self.column] = filled


@dataclass(frozen=True)
class FillPrevious:
    """A missing number becomes the last one seen in the rows before it, or `first` where there is
    none.
    """

    column: str
    first: float

    def run(self, columns: Columns) -> None:
        x = np.concatenate([[np.float32(self.first)], columns[self.column]]).astype(np.float32)
        seen = np.maximum.accumulate(np.where(np.isnan(x), 0, np.arange(len(x))))
        columns[self.column] = x[seen][1:]


@dataclass(frozen=True)
class Missing:
    """A new column `into`: 1.0 where `column` is missing, else 0.0; of a series step by step."""

    column: str
    into: str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        columns[self.into] = (np.isnan(x) if x.ndim == 2 else missing_mask(x)).astype(np.float32)


@dataclass(frozen=True)
class Affine:
    """(x - offset) * factor. float32 [rows] → [rows, 1], a series [rows, steps] stays one: the
    column is finished.
    """

    column: str
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


@dataclass(frozen=True)
class Clip:
    """x cut to [low, high]."""

    column: str
    low: float
    high: float

    def run(self, columns: Columns) -> None:
        columns[self.column] = np.clip(
            columns[self.column], np.float32(self.low), np.float32(self.high)
        )


@dataclass(frozen=True)
class Bins:
    """Piecewise-linear encoding: one value a bin, 0 below it, 1 above it, the share of the way
    inside it.

    `edges` are n+1 rising float32 numbers; `factors` are the n reciprocal widths. float32 [rows] →
    [rows, n].
    """

    column: str
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


@dataclass(frozen=True)
class Lookup:
    """Text becomes an id: the place of its key plus `first`; `unknown` and `missing` are the ids of
    the others.

    `keys` are sorted by their UTF-8 bytes, so that C finds them with strcmp. Object [rows] → int32
    [rows].
    """

    column: str
    keys: tuple[str, ...]
    first: int
    unknown: int
    missing: int

    def run(self, columns: Columns) -> None:
        ids = {key: self.first + place for place, key in enumerate(self.keys)}
        ids[None] = self.missing
        x = columns[self.column]
        columns[self.column] = np.fromiter(
            (ids.get(cell, self.unknown) for cell in x), np.int32, len(x)
        )


@dataclass(frozen=True)
class Onehot:
    """An id becomes a row of zeros with a one at its place. int32 [rows] → float32 [rows,
    depth].
    """

    column: str
    depth: int

    def width(self) -> int:
        return self.depth

    def run(self, columns: Columns) -> None:
        columns[self.column] = np.eye(self.depth, dtype=np.float32)[columns[self.column]]


@dataclass(frozen=True)
class Table:
    """An id becomes its row of a table; the last row is for missing. int32 [rows] → float32 [rows,
    width].
    """

    column: str
    rows: tuple[tuple[float, ...], ...]

    def width(self) -> int:
        return len(self.rows[0])

    def run(self, columns: Columns) -> None:
        columns[self.column] = np.asarray(self.rows, np.float32)[columns[self.column]]


@dataclass(frozen=True)
class DatePart:
    """A new column `into`: a part of a date as a whole number from 0; a missing date gives the
    part's size.

    datetime64[s] [rows] → int32 [rows].
    """

    column: str
    into: str
    part: str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        missing = np.isnat(x)
        seconds = np.where(missing, np.datetime64(0, "s"), x)
        days = seconds.astype("datetime64[D]")
        if self.part == "month":
            value = days.astype("datetime64[M]").astype(np.int64) % 12
        elif self.part == "day_of_month":
            value = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
        elif self.part == "day_of_year":
            value = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
        elif self.part == "weekday":  # 1970-01-01 was a Thursday; Monday is 0
            value = (days.astype(np.int64) + 3) % 7
        elif self.part == "hour":
            value = seconds.astype(np.int64) // 3600 % 24
        else:
            value = seconds.astype(np.int64) // 60 % 60
        columns[self.into] = np.where(missing, DATE_PARTS[self.part], value).astype(np.int32)


@dataclass(frozen=True)
class Pack:
    """Columns of one unit side by side become the port `into`; every other use of them is over.

    float32 [rows] or [rows, width] → float32 [rows, sum of widths]; int32 [rows] → int32 [rows,
    columns]. Tokens, int32 [rows, window], and a picture, uint8 [rows, height, width, channels],
    are packed alone and stay as they are.
    """

    columns: tuple[str, ...]
    into: str

    def run(self, columns: Columns) -> None:
        if columns[self.columns[0]].ndim == 4:
            columns[self.into] = columns[self.columns[0]]
            return
        parts = [
            columns[name] if columns[name].ndim == 2 else columns[name][:, None]
            for name in self.columns
        ]
        columns[self.into] = np.concatenate(parts, axis=1)


PRIMITIVES = (
    Fill,
    FillPrevious,
    Missing,
    Affine,
    Clip,
    Bins,
    Lookup,
    Onehot,
    Table,
    DatePart,
    Words,
    Characters,
    Subwords,
    Bigrams,
    FillSteps,
    SinceSeen,
    OwnScale,
    StepIds,
    Pack,
    PackSteps,
)
Primitive = (
    Fill
    | FillPrevious
    | Missing
    | Affine
    | Clip
    | Bins
    | Lookup
    | Onehot
    | Table
    | DatePart
    | Words
    | Characters
    | Subwords
    | Bigrams
    | FillSteps
    | SinceSeen
    | OwnScale
    | StepIds
    | Pack
    | PackSteps
)
PACKS = (Pack, PackSteps)
_BY_NAME = {primitive.__name__: primitive for primitive in PRIMITIVES}


def run_primitives(primitives: tuple[Primitive, ...], columns: Columns) -> Columns:
    """The columns after every primitive in turn; the given mapping and its arrays are left as they
    were.
    """
    columns = dict(columns)
    for primitive in primitives:
        primitive.run(columns)
    return columns


def made_by(primitive: Primitive) -> tuple[str, ...]:
    """The new columns that a primitive makes."""
    names = (getattr(primitive, each, "") for each in ("into", "into_offset", "into_factor"))
    return tuple(name for name in names if name)


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


def primitive_to_json(primitive: Primitive) -> dict:
    """A primitive as plain JSON values; every float is a float32 written out whole."""
    return {"primitive": type(primitive).__name__, **asdict(primitive)}


def primitive_from_json(values: dict) -> Primitive:
    """The primitive of `primitive_to_json`. Raises KeyError, TypeError or ValueError on anything
    else.
    """
    values = dict(values)
    return read_typed(_BY_NAME[values.pop("primitive")], values)
