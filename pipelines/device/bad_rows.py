"""What is wrong with cells of which each text was read once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import overload

import numpy as np

from .columns import BadCell


class BadRows(Sequence[BadCell]):
    """Bad cells that are made when they are asked for: a column of a million words has a million
    that are no numbers.

    Args:
        bad: What is wrong, each once.
        places: int [cells], the place of each among `bad`.
        rows: int [cells], the row of each.
    """

    def __init__(
        self,
        bad: Sequence[BadCell],
        places: np.ndarray,
        rows: np.ndarray,
    ):
        self._bad = bad
        self._places = places
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> BadCell: ...
    @overload
    def __getitem__(self, place: slice) -> "BadRows": ...
    def __getitem__(
        self,
        place,
    ):
        if isinstance(place, slice):
            return BadRows(self._bad, self._places[place], self.rows[place])
        cell = self._bad[self._places[place]]
        return replace(cell, row=int(self.rows[place]))

    def keep(
        self,
        is_kept: Callable[[BadCell], bool],
    ) -> "BadRows":
        """Returns those of which a function, that does not ask for the row, is true."""
        is_kept_of_each = np.array([is_kept(cell) for cell in self._bad], bool)
        if is_kept_of_each.all():
            return self
        places = np.flatnonzero(is_kept_of_each[self._places])
        return BadRows(self._bad, self._places[places], self.rows[places])

    def values(self) -> list[str]:
        """Returns each value once, in the order of the first row."""
        _, first = np.unique(self._places, return_index=True)
        values: dict[str, None] = {}
        for place in np.sort(first).tolist():
            cell = self._bad[self._places[place]]
            values[cell.value] = None
        return list(values)


def bad_rows(
    bad: Sequence[BadCell],
    places: np.ndarray,
    num_texts: int,
) -> Sequence[BadCell]:
    """Returns the bad cells of a column, of which each text was read once.

    Args:
        bad: The bad texts, the place of each as its row.
        places: int [rows], the place of each cell's text.
        num_texts: How many texts there are.
    """
    if not bad:
        return []
    bad_of_text = np.full(num_texts, -1, np.int32)
    for place, cell in enumerate(bad):
        bad_of_text[cell.row] = place
    bad_of_row = bad_of_text.take(places)
    if len(bad) == num_texts:
        return BadRows(bad, bad_of_row, np.arange(len(places)))
    rows = np.flatnonzero(bad_of_row >= 0)
    return BadRows(bad, bad_of_row[rows], rows)
