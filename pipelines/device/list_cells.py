"""Lists of text, packed so that many rows are read at once, with numpy and Python alone."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from .packed import PackedCells, RepeatedCells, plain_floats
from .single_cells import is_missing

# Of fewer rows each cell is read by itself: packing them takes longer.
MIN_ROWS = 64
# The share of different texts above which texts and their places are no gain.
_MOSTLY_DIFFERENT = 0.25
_TEXT_OR_NONE = {str, type(None)}
_TEXT_OR_NAN = {*_TEXT_OR_NONE, float}


def packed_list(cells: Sequence) -> Sequence:
    """Returns the cells of a column packed if they are many and all of them text or missing, else
    as they are.

    Args:
        cells: A list, a tuple or an array of objects; others stay as they are.
    """
    is_objects = isinstance(cells, np.ndarray) and cells.dtype == object and cells.ndim == 1
    if len(cells) < MIN_ROWS or not (is_objects or isinstance(cells, (list, tuple))):
        return cells
    listed = cells
    if is_objects:
        listed = cells.tolist()
    try:
        texts, places = _each_once(listed)
    except TypeError:  # a list in a cell is no key
        return cells
    kinds = set(map(type, texts))
    if float in kinds and kinds <= _TEXT_OR_NAN and _are_nan(texts):
        listed = [None if cell != cell else cell for cell in listed]
        texts, places = _each_once(listed)
    elif not kinds <= _TEXT_OR_NONE:
        return cells
    if len(texts) > _MOSTLY_DIFFERENT * len(listed):
        return ListCells(listed)
    return RepeatedCells(texts, places)


def _each_once(cells):
    """Returns every cell once, in the order of the first, and int32 [cells], its place there.

    Raises:
        TypeError: If a cell cannot be a key.
    """
    places: defaultdict[object, int] = defaultdict()
    places.default_factory = places.__len__
    of_cells = np.fromiter(map(places.__getitem__, cells), np.int32, len(cells))
    return list(places), of_cells


def _are_nan(cells):
    """Returns whether every number among cells is NaN, which pandas has in the place of None."""
    return all(cell != cell for cell in cells if isinstance(cell, float))


class ListCells(PackedCells):
    """Texts that are mostly different.

    Args:
        texts: A list or tuple of them, one a row; None where there is none.
    """

    def __init__(self, texts: Sequence[str | None]):
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
        return _each_once(self._texts)

    def keep(self, is_kept: np.ndarray) -> "ListCells":
        """See `PackedCells`."""
        rows = np.flatnonzero(is_kept).tolist()
        return ListCells([self._texts[row] for row in rows])

    def may_hold(self, letters: str) -> bool:
        """See `PackedCells`."""
        joined = "".join(text for text in self._texts if text)
        return any(letter in joined for letter in letters)

    def is_missing(self, words: frozenset[str]) -> np.ndarray:
        """See `PackedCells`."""
        return np.fromiter((is_missing(text, words) for text in self), bool, len(self))

    def plain_numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """See `PackedCells`."""
        return plain_floats([text or "" for text in self._texts])
