"""Lists of text, packed so that many rows are read at once, with numpy and Python alone."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from .packed import PackedCells, RepeatedCells, plain_floats
from .single_cells import is_missing

# Of fewer rows each cell is read by itself: packing them takes longer.
MIN_ROWS = 64
# The share of different texts above which texts and their places are no gain.
_MOSTLY_DIFFERENT = 0.25


def packed_list(cells: Sequence) -> Sequence:
    """Returns the cells of a column packed if they are many and all of them text, else as they
    are.
    """
    if not isinstance(cells, (list, tuple)) or len(cells) < MIN_ROWS:
        return cells
    if set(map(type, cells)) != {str}:
        return cells
    places: dict[str, int] = {}
    for cell in dict.fromkeys(cells):
        places[cell] = len(places)
    if len(places) > _MOSTLY_DIFFERENT * len(cells):
        return ListCells(cells)
    of_cells = np.fromiter(map(places.__getitem__, cells), np.int32, len(cells))
    return RepeatedCells(list(places), of_cells)


class ListCells(PackedCells):
    """Texts that are mostly different.

    Args:
        texts: A list or tuple of them, one a row.
    """

    def __init__(self, texts: Sequence[str]):
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[str | None]: ...
    def __getitem__(self, place):
        if isinstance(place, slice):
            return list(self._texts[place])
        return self._texts[place]

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._texts)

    def each_once(self) -> tuple[list[str | None], np.ndarray]:
        """See `PackedCells`."""
        places: dict[str | None, int] = {}
        for text in dict.fromkeys(self._texts):
            places[text] = len(places)
        of_cells = np.fromiter(map(places.__getitem__, self._texts), np.int32, len(self))
        return list(places), of_cells

    def keep(self, is_kept: np.ndarray) -> "ListCells":
        """See `PackedCells`."""
        rows = np.flatnonzero(is_kept).tolist()
        return ListCells([self._texts[row] for row in rows])

    def may_hold(self, letters: str) -> bool:
        """See `PackedCells`."""
        joined = "".join(self._texts)
        return any(letter in joined for letter in letters)

    def is_missing(self, words: frozenset[str]) -> np.ndarray:
        """See `PackedCells`."""
        return np.fromiter((is_missing(text, words) for text in self), bool, len(self))

    def plain_numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """See `PackedCells`."""
        return plain_floats(self._texts)
