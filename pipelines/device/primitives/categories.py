"""Primitives of categories: a text becomes an id, and an id numbers."""

from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np

from .primitive import MAX_KEYS, Flow, MappingPrimitive, has_ids


@dataclass(frozen=True)
class Lookup(MappingPrimitive):
    """Reads a text as an id: the place of its key plus `first`. Object [rows] → int32 [rows].

    Attributes:
        keys: Sorted by their UTF-8 bytes, so that C finds them with strcmp.
        first: The id of the first key.
        unknown: The id of a text that is no key.
        missing: The id of a missing text.
    """

    keys: tuple[str, ...]
    first: int
    unknown: int
    missing: int

    def compute(self, x: np.ndarray) -> np.ndarray:
        found = map(self._ids.get, x.tolist(), repeat(self.unknown))
        return np.fromiter(found, np.int32, len(x))

    @cached_property
    def _ids(self):
        """The id of each key, and of None."""
        ids: dict[str | None, int] = {None: self.missing}
        for key_id, key in enumerate(self.keys, start=self.first):
            ids[key] = key_id
        return ids

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "text", (0,))
        contents = [key.encode("utf-8") for key in self.keys]
        if contents != sorted(set(contents)):
            raise ValueError(f"the keys of column {self.column!r} are out of order")
        ids = self._outermost_ids()
        least = min(ids)
        largest = max(ids)
        if least < 0 or largest >= MAX_KEYS:
            raise ValueError(f"ids {ids}")
        return Flow("int32", (), largest + 1)

    def _outermost_ids(self):
        """Returns the ids without a key, and the least and the largest one of a key."""
        ids = [self.unknown, self.missing]
        if self.keys:
            after_last = self.first + len(self.keys)
            ids.append(self.first)
            ids.append(after_last - 1)
        return ids


@dataclass(frozen=True)
class Onehot(MappingPrimitive):
    """Turns an id into zeros with a one at its place. int32 [rows] → float32 [rows, depth].

    Attributes:
        depth: How many numbers a row has.
    """

    depth: int

    def width(self) -> int:
        return self.depth

    def compute(self, x: np.ndarray) -> np.ndarray:
        numbers = np.zeros((len(x), self.depth), np.float32)
        rows = np.arange(len(x))
        numbers[rows, x] = 1
        return numbers

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "int32", (0,))
        has_ids(flow, self.depth)
        return Flow("float32", (self.depth,))


@dataclass(frozen=True)
class Table(MappingPrimitive):
    """Looks up an id's row of a table. int32 [rows] → float32 [rows, width].

    Attributes:
        rows: A row an id; the last one is for missing.
    """

    rows: tuple[tuple[float, ...], ...]

    def width(self) -> int:
        first = self.rows[0]
        return len(first)

    def compute(self, x: np.ndarray) -> np.ndarray:
        return self._table[x]

    @cached_property
    def _table(self):
        return np.asarray(self.rows, np.float32)

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "int32", (0,))
        has_ids(flow, len(self.rows))
        widths = {len(row) for row in self.rows}
        if len(widths) != 1 or 0 in widths:
            raise ValueError(f"a table with rows of {sorted(widths)} values")
        width = widths.pop()
        return Flow("float32", (width,))
