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

MAX_SIDE, MAX_VALUES = 32_768, 2**26  # of one array of a row, and of all arrays of a row
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
    """A primitive of one column, which it rewrites unless it makes others.

    Attributes:
        column: The name of the column.
    """

    column: str

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def makes(self) -> tuple[str, ...]:
        return (self.column,)


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


def take(flows: Flows, name: str, dtype: str, dimensions: tuple[int, ...]) -> Flow:
    """Returns the flow of a column. Raises ValueError for another dtype or number of dimensions."""
    flow = flows[name]
    if flow.dtype != dtype or len(flow.shape) not in dimensions:
        raise ValueError(f"column {name!r} is {flow.dtype} {list(flow.shape)}, wanted is {dtype}")
    return flow


def has_ids(flow: Flow, places: int) -> None:
    """Raises ValueError for more ids than places."""
    if flow.num_ids > places:
        raise ValueError(f"{flow.num_ids} ids for {places} places")
