"""The values of a column: an array in memory, or a column that stays on disk, read alike.

A stored column has the `shape`, `dtype` and `ndim` of the array that it stands for. `take` gives
other rows of it and reads nothing, `read` gives their values.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

Places = np.ndarray | slice


class StoredColumn(ABC):
    """A column whose values stay on disk until they are read.

    Attributes:
        dtype: Of its values.
        ndim: Of the array of all rows.
    """

    dtype: ClassVar[np.dtype]
    ndim: ClassVar[int]

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """[rows, ...] of the array of all rows."""

    @abstractmethod
    def take(self, places: Places) -> "StoredColumn":
        """Returns the column of other rows (int array, bool mask or slice); reads nothing."""

    @abstractmethod
    def read(self, places: Places | None = None) -> np.ndarray:
        """Reads the values of the rows at `places`, or of all."""

    @abstractmethod
    def join(self, other: "StoredColumn") -> "StoredColumn":
        """Returns the column of its rows and then those of another part; reads nothing."""

    @abstractmethod
    def row_digests(self) -> np.ndarray:
        """Returns uint64 [rows, 2]: a digest of each row's values; reads nothing."""

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, places):
        """Returns other rows, as `take`, or the values of one row (int), as an array would."""
        if isinstance(places, (int, np.integer)):
            return self.read(np.array([places]))[0]
        return self.take(places)


Values = np.ndarray | StoredColumn


def is_stored(column: Values) -> bool:
    """Tests whether the values of a column stay on disk."""
    return isinstance(column, StoredColumn)


def has_single_cells(column: Values) -> bool:
    """Tests whether a column holds one number, date, truth value or category a row."""
    return column.ndim == 1 and column.dtype.kind in "fMO"


def read_rows(column: Values, places: Places = slice(None)) -> np.ndarray:
    """Returns rows of a column as an array, decoding those that are stored on disk."""
    if isinstance(column, StoredColumn):
        return column.read(places)
    return column[places]


def joined(first: Values, second: Values) -> Values:
    """Returns the rows of one part of a column and then those of another."""
    if isinstance(first, StoredColumn) and isinstance(second, StoredColumn):
        return first.join(second)
    return np.concatenate([read_rows(first), read_rows(second)])
