"""What a primitive is: a frozen record of fitted numbers that rewrites columns.

All arithmetic is float32 and every operation is one that C99 rounds the same way, so that the rows
a model was trained on, the rows that Python answers and the rows a microcontroller sees agree bit
for bit. That is why there is no sine here: a cyclic date part is an integer that looks up a table.

Columns are arrays by name, rows first: float32 [rows], [rows, width] or, of series, [rows, steps],
object text [rows], int32 [rows] or [rows, window], datetime64[s] [rows], StringDType [rows], uint8
[rows, height, width, channels] (see `cells`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

MAX_SIDE = 32_768  # of one array of a row
MAX_VALUES = 2**26  # of all arrays of a row
MAX_KEYS = 2**24

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Flow:
    """A column without its rows.

    Attributes:
        dtype: "float32", "int32", "uint8", "text", "string" or "date".
        shape: Of a row.
        num_ids: Of int32, how many ids there are, from 0.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    num_ids: int = 0


Flows = dict[str, Flow]


@dataclass(frozen=True)
class Primitive(ABC):
    """A fitted operation on columns, which Python, the generated C and the web page know.

    Its class name and its fields are what signature.json holds.
    """

    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """Returns the columns that it reads."""

    @abstractmethod
    def makes(self) -> tuple[str, ...]:
        """Returns the columns that it writes, new ones or those that it reads."""

    def width(self) -> int:
        """Returns how many numbers it makes of a value; 0 if as many as it reads."""
        return 0

    def draws(self) -> int:
        """Returns how many rows a runner makes of one, whose answers it takes the mean of."""
        return 1

    def at_draw(self, draw: int) -> "Primitive":
        """Returns what makes the row of that number, from 0; 0 is the primitive as it is."""
        return self

    def reads_other_rows(self) -> bool:
        """Returns whether what it makes of a row depends on the rows before it."""
        return False

    def check(self) -> None:
        """Raises ValueError if its fields do not fit together."""

    @abstractmethod
    def run(self, columns: Columns) -> None:
        """Rewrites the columns in place; their arrays stay as they are."""

    @abstractmethod
    def follow(self, flows: Flows) -> None:
        """Rewrites the columns without a row, before memory is taken.

        `run` would find a fault too, with numpy's words, or would not: an id below zero reads a
        table from its end.

        Raises:
            ValueError: It reads what it cannot.
            KeyError: It reads what nothing made.
        """


@dataclass(frozen=True)
class ColumnPrimitive(Primitive):
    """A primitive that reads one column.

    Attributes:
        column: The name of the column.
    """

    column: str

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def expect(self, flow: Flow, dtype: str, dimensions: tuple[int, ...]) -> None:
        """Raises ValueError if its column has another dtype or number of dimensions of a row."""
        if flow.dtype != dtype or len(flow.shape) not in dimensions:
            raise ValueError(f"column {self.column!r} is {flow}, wanted is {dtype}")


@dataclass(frozen=True)
class MappingPrimitive(ColumnPrimitive):
    """A primitive that makes one column of one column; unless it states another, the same."""

    def makes(self) -> tuple[str, ...]:
        return (self.column,)

    def run(self, columns: Columns) -> None:
        (made,) = self.makes()
        x = columns[self.column]
        columns[made] = self.compute(x)

    def follow(self, flows: Flows) -> None:
        (made,) = self.makes()
        flow = flows[self.column]
        flows[made] = self.flow_of(flow)

    @abstractmethod
    def compute(self, x: np.ndarray) -> np.ndarray:
        """Returns what it makes of a column; the column itself stays as it is."""

    @abstractmethod
    def flow_of(self, flow: Flow) -> Flow:
        """Returns what `compute` makes of a column. Raises ValueError if it cannot read it."""


@dataclass(frozen=True)
class DerivingPrimitive(MappingPrimitive):
    """A primitive that makes a new column of one column.

    Attributes:
        into: The name of the new column.
    """

    into: str

    def makes(self) -> tuple[str, ...]:
        return (self.into,)


@dataclass(frozen=True)
class PackingPrimitive(Primitive):
    """A primitive of columns that become a port of the model; every other use of them is over.

    Attributes:
        columns: The names of the columns, in their order in the port.
        into: The name of the port.
    """

    columns: tuple[str, ...]
    into: str

    def reads(self) -> tuple[str, ...]:
        return self.columns

    def makes(self) -> tuple[str, ...]:
        return (self.into,)

    def run(self, columns: Columns) -> None:
        parts = [columns[name] for name in self.columns]
        columns[self.into] = self.pack(parts)

    def follow(self, flows: Flows) -> None:
        parts = [flows[name] for name in self.columns]
        if not parts:
            raise ValueError(f"nothing to pack into {self.into!r}")
        flows[self.into] = self.flow_of(parts)

    @abstractmethod
    def pack(self, parts: list[np.ndarray]) -> np.ndarray:
        """Returns the array of the port, of those of the columns."""

    @abstractmethod
    def flow_of(self, parts: list[Flow]) -> Flow:
        """Returns what `pack` makes of columns. Raises ValueError if they do not fit together."""


def has_ids(flow: Flow, places: int) -> None:
    """Raises ValueError for more ids than places."""
    if flow.num_ids > places:
        raise ValueError(f"{flow.num_ids} ids for {places} places")
