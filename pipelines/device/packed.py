"""Cells of text of one column in a form of which many are read at once.

What a cell is depends on its text alone, so each text is read once, by the functions that read
single cells; numbers that are all different are read by a faster way where that provably gives the
same, and the rest of them one by one.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np

from .bad_rows import BadRows, bad_rows
from .columns import BadCell, Column
from .single_cells import is_missing, parsed_numbers


class PackedCells(Sequence[str | None]):
    """The cells of a column, each a text or None."""

    @abstractmethod
    def each_once(self) -> tuple[list[str | None], np.ndarray]:
        """Returns every text once, in the order of its first cell, and int [rows], the place of
        each cell's text among them.
        """

    @abstractmethod
    def keep(
        self,
        is_kept: np.ndarray,
    ) -> "PackedCells":
        """Returns the cells of some rows (bool [rows]), in their order."""

    @abstractmethod
    def plain_numbers(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Reads the cells that are plain numbers beyond doubt, such as -1.5e3.

        Returns:
            float64 [rows], as `float` of Python reads them, and bool [rows], which those are; None
            if few texts stand in many cells, so that each is read once.
        """

    @abstractmethod
    def may_hold(
        self,
        letters: str,
    ) -> bool:
        """Returns False only if no cell has one of these letters."""

    def is_missing(
        self,
        words: frozenset[str],
    ) -> np.ndarray:
        """Returns bool [rows]: which cells are None or one of the words for missing."""
        if words not in self._missing:
            self._missing[words] = self._find_missing(words)
        return self._missing[words]

    @cached_property
    def _missing(self):
        """What `is_missing` has found: words → bool [rows]."""
        return {}

    def _find_missing(
        self,
        words,
    ):
        texts, places = self.each_once()
        is_absent = _absent_texts(texts, words)
        if not is_absent.any():
            return np.zeros(len(places), bool)
        return is_absent.take(places)

    def filled(
        self,
        words: frozenset[str],
    ) -> "PackedCells":
        """Returns the cells that are not missing, in their order."""
        return self.keep(~self.is_missing(words))

    def are_plain_numbers(self) -> bool:
        """Returns whether every cell is a plain number beyond doubt."""
        plain = self.plain_numbers()
        return plain is not None and bool(plain[1].all())

    def counts(self) -> Counter[str | None]:
        """Returns how often each text stands in the column, in the order of its first cell."""
        texts, _ = self.each_once()
        return Counter(dict(zip(texts, self._num_of_each, strict=True)))

    @cached_property
    def _num_of_each(self):
        """How often each text of `each_once` stands in the column."""
        texts, places = self.each_once()
        return np.bincount(places, minlength=len(texts)).tolist()


def _absent_texts(texts, words):
    """Returns bool [texts]: which are None or one of the words for missing."""
    if not words:  # no text is missing, whatever it is
        return np.array([text is None for text in texts], bool)
    # As `is_missing` has it, of a text.
    return np.array([text is None or text.strip() in words for text in texts], bool)


def plain_floats(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Reads texts as numbers, beyond doubt or not at all.

    `float` reads what `numbers.read_number` does, but for underlines, digits of other scripts and
    the words for no number.

    Args:
        texts: Of a column.

    Returns:
        float64 [texts], and bool [texts], which of them are plain numbers.
    """
    joined = "".join(texts)
    values = np.full(len(texts), np.nan)
    if "_" not in joined and joined.isascii():
        try:
            values[:] = [float(text or "nan") for text in texts]
        except ValueError:
            values[:] = np.nan  # not all are numbers: each is in doubt
    return values, ~np.isnan(values)


class RepeatedCells(PackedCells):
    """Few texts that stand in many cells.

    Args:
        texts: Each once, in the order of its first cell.
        places: int32 [rows], the place of each cell's text among them.
    """

    def __init__(
        self,
        texts: list[str | None],
        places: np.ndarray,
    ):
        self._texts = texts
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[str | None]: ...
    def __getitem__(
        self,
        place,
    ):
        if isinstance(place, slice):
            places = self._places[place].tolist()
            return [self._texts[each] for each in places]
        return self._texts[self._places[place]]

    def __iter__(self) -> Iterator[str | None]:
        return map(self._texts.__getitem__, self._places.tolist())

    def each_once(self) -> tuple[list[str | None], np.ndarray]:
        """See `PackedCells`."""
        return self._texts, self._places

    def keep(
        self,
        is_kept: np.ndarray,
    ) -> "RepeatedCells":
        """See `PackedCells`."""
        if is_kept.all():
            return self
        places = self._places[is_kept]
        # Where a text's first cell is left out, its next one may follow those of others.
        first = np.full(len(self._texts), len(places))
        first[places[::-1]] = np.arange(len(places))[::-1]
        order = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(places))]
        moved = np.empty(len(self._texts), places.dtype)
        moved[order] = np.arange(len(order), dtype=places.dtype)
        texts = [self._texts[place] for place in order.tolist()]
        return RepeatedCells(texts, moved[places])

    def filled(
        self,
        words: frozenset[str],
    ) -> "RepeatedCells":
        """See `PackedCells`: the texts that are left keep their order."""
        is_absent = _absent_texts(self._texts, words)
        if not is_absent.any():
            return self
        moved = np.cumsum(~is_absent, dtype=self._places.dtype) - 1
        texts = [text for text, is_out in zip(self._texts, is_absent, strict=True) if not is_out]
        places = self._places[~self.is_missing(words)]
        return RepeatedCells(texts, moved.take(places))

    def are_plain_numbers(self) -> bool:
        """See `PackedCells`."""
        _, is_plain = plain_floats([text or "" for text in self._texts])
        return bool(is_plain.all())

    def plain_numbers(self) -> tuple[np.ndarray, np.ndarray] | None:
        """See `PackedCells`. Texts that are not all plain numbers or empty are read each once."""
        texts = [text or "" for text in self._texts]
        values, is_plain = plain_floats(texts)
        is_empty = np.array([text == "" for text in texts], bool)
        if not (is_plain | is_empty).all():
            return None
        return values.take(self._places), is_plain.take(self._places)

    def may_hold(
        self,
        letters: str,
    ) -> bool:
        """See `PackedCells`."""
        return any(letter in self._joined for letter in letters)

    @cached_property
    def _joined(self):
        """All texts, one after the other."""
        return "".join(text for text in self._texts if text)


Reader = Callable[[Sequence, Column, frozenset[str]], tuple[np.ndarray, Sequence[BadCell]]]


def read_each_once(
    read: Reader,
    cells: PackedCells,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, Sequence[BadCell]]:
    """Reads cells by a function for single ones, each text once.

    Args:
        read: The function.
        cells: Of the column.
        column: Of the cells.
        missing: The words that are read as missing.

    Returns:
        What the function returns of all cells.
    """
    texts, places = cells.each_once()
    values, bad = read(texts, column, missing)
    return values.take(places), bad_rows(bad, places, len(texts))


def packed_numbers(
    cells: PackedCells,
    column: Column,
    missing: frozenset[str],
) -> tuple[np.ndarray, Sequence[BadCell]]:
    """Does as `parsed_numbers`, of packed cells."""
    plain = cells.plain_numbers()
    if plain is None:
        return read_each_once(parsed_numbers, cells, column, missing)
    numbers, is_plain = plain
    if column.decimal != "." or column.unit:
        is_plain = np.zeros(len(is_plain), bool)
    is_absent = cells.is_missing(missing)
    values = np.array(numbers)  # the caller may alter them
    values[~is_plain | is_absent] = np.nan
    in_doubt = ~(is_plain | is_absent)
    rows = np.flatnonzero(in_doubt)
    if not len(rows):
        return values, []
    rest = list(cells.keep(in_doubt))
    values[rows], bad = parsed_numbers(rest, column, missing)
    bad_rows = np.empty(len(bad), np.int64)
    for place, cell in enumerate(bad):
        bad_rows[place] = rows[cell.row]
    places = np.arange(len(bad))
    return values, BadRows(bad, places, bad_rows)


def filled_cells(
    cells: Sequence,
    missing: frozenset[str],
) -> Sequence:
    """Returns the cells that are not missing, packed if they were."""
    if isinstance(cells, PackedCells):
        return cells.filled(missing)
    return [cell for cell in cells if not is_missing(cell, missing)]


def each_cell_once(cells: Sequence) -> Sequence:
    """Returns each text of packed cells once, in the order of the first; other cells as they are,
    which may be of any type.
    """
    if isinstance(cells, PackedCells):
        return cells.each_once()[0]
    return cells


def count_texts(cells: Sequence) -> Counter[str]:
    """Returns how often each text stands among cells, in the order of the first; others are no
    text, and not counted.
    """
    if not isinstance(cells, PackedCells):
        return Counter(cell for cell in cells if isinstance(cell, str))
    counts: Counter[str] = Counter()
    for text, count in cells.counts().items():
        if text is not None:
            counts[text] = count
    return counts


def missing_rows(
    cells: Sequence,
    missing: frozenset[str],
) -> np.ndarray:
    """Returns bool [rows]: which cells are missing."""
    if isinstance(cells, PackedCells):
        return cells.is_missing(missing)
    return np.fromiter((is_missing(cell, missing) for cell in cells), bool, len(cells))


def take_cells(
    cells: Sequence,
    rows: np.ndarray,
) -> Sequence:
    """Returns the cells of some rows (int [n], rising), packed, or an array, if they were."""
    if isinstance(cells, np.ndarray):
        return cells[rows]
    if isinstance(cells, PackedCells):
        is_kept = np.zeros(len(cells), bool)
        is_kept[rows] = True
        return cells.keep(is_kept)
    return [cells[row] for row in rows]
