"""Primitives of categories: a text becomes an id, and an id numbers."""

from dataclasses import dataclass

import numpy as np

from .primitive import MAX_KEYS, ColumnPrimitive, Columns, Flow, Flows, has_ids, take


@dataclass(frozen=True)
class Lookup(ColumnPrimitive):
    """Text becomes an id: the place of its key plus `first`; `unknown` and `missing` are the ids of
    the others.

    `keys` are sorted by their UTF-8 bytes, so that C finds them with strcmp. Object [rows] → int32
    [rows].
    """

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

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "text", (0,))
        ids = (
            self.unknown,
            self.missing,
            *((self.first, self.first + len(self.keys) - 1) if self.keys else ()),
        )
        keys = [key.encode("utf-8") for key in self.keys]
        if not all(0 <= each < MAX_KEYS for each in ids) or keys != sorted(set(keys)):
            raise ValueError(f"keys out of order, or ids {ids}")
        flows[self.column] = Flow("int32", (), max(ids) + 1)


@dataclass(frozen=True)
class Onehot(ColumnPrimitive):
    """An id becomes a row of zeros with a one at its place. int32 [rows] → float32 [rows,
    depth].
    """

    depth: int

    def width(self) -> int:
        return self.depth

    def run(self, columns: Columns) -> None:
        columns[self.column] = np.eye(self.depth, dtype=np.float32)[columns[self.column]]

    def follow(self, flows: Flows) -> None:
        has_ids(take(flows, self.column, "int32", (0,)), self.depth)
        flows[self.column] = Flow("float32", (self.depth,))


@dataclass(frozen=True)
class Table(ColumnPrimitive):
    """An id becomes its row of a table; the last row is for missing. int32 [rows] → float32 [rows,
    width].
    """

    rows: tuple[tuple[float, ...], ...]

    def width(self) -> int:
        return len(self.rows[0])

    def run(self, columns: Columns) -> None:
        columns[self.column] = np.asarray(self.rows, np.float32)[columns[self.column]]

    def follow(self, flows: Flows) -> None:
        has_ids(take(flows, self.column, "int32", (0,)), len(self.rows))
        widths = {len(row) for row in self.rows}
        if len(widths) != 1 or 0 in widths:
            raise ValueError(f"a table with rows of {sorted(widths)} values")
        flows[self.column] = Flow("float32", (widths.pop(),))
