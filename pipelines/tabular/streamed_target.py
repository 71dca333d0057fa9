"""The target of a table that is streamed: its classes, from a first look at that column alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from ..device.cells import Column, read_numbers, shorten
from ..device.packed import PackedCells, RepeatedCells
from ..device.target import Target
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..sources.number_columns import read_as_numbers
from ..sources.target_column import labelled_rows, read_target
from ..tasks import task_of

MAX_VALUES = 50_000  # different ones; a target of more is a number, and its sample is read
# The cells that show what a target is; where there are more, each value keeps its share.
MAX_SHOWN = 1_000_000


@dataclass(frozen=True)
class ClassReader:
    """Reads cells of a target as classes.

    Attributes:
        places: A cell as it stands in the source → its class; a cell that is not here has none.
    """

    places: Mapping[Any, int]

    def read(self, cells: Sequence, first_row: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns int64 class [rows], and bool [rows], which rows have one."""
        each, codes = _each_once(cells)
        found = np.full(len(each), -1, np.int64)
        for place, cell in enumerate(each):
            key = _key(cell)
            found[place] = self.places.get(key, -1)
        classes = found[codes]
        return classes, classes >= 0


@dataclass(frozen=True)
class NumberReader:
    """Reads cells of a target as real numbers.

    Attributes:
        column: How they are written.
        missing: The words that read as missing.
    """

    column: Column
    missing: frozenset[str]

    def read(self, cells: Sequence, first_row: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns float64 [rows], and bool [rows], which rows have a number.

        Raises:
            LoadError: A cell is no number.
        """
        numbers, bad = read_numbers(cells, self.column, self.missing)
        if bad:
            first = bad[0]
            raise LoadError(
                f"the target {shorten(self.column.name)} in row {first_row + first.row}: "
                f"{first.reason}: {first.value}",
                expected="a number in every row",
                fix="fix the cell, or set load.target_kind=classes",
            )
        return numbers, ~np.isnan(numbers)


@dataclass(frozen=True)
class StreamedTarget:
    """The target of all rows.

    Attributes:
        target: What a model answers.
        reader: Reads its cells.
        counts: int64 [classes], the rows of each class; None of real numbers.
        num_rows: The rows that have a target, if it is of classes; else None.
        notes: Lines of the printed schema.
    """

    target: Target
    reader: ClassReader | NumberReader
    counts: np.ndarray | None
    num_rows: int | None
    notes: tuple[ColumnNote, ...]


def _key(cell):
    """Returns a cell as a key: each NaN is the same."""
    if cell is None or cell != cell:
        return None
    return cell


def _each_once(cells):
    """Returns each different cell once, and int [rows], the place of each row's."""
    if isinstance(cells, PackedCells):
        return cells.each_once()
    if isinstance(cells, np.ndarray):
        values, codes = np.unique(cells, return_inverse=True)
        return values.tolist(), codes
    places: dict[Any, int] = {}
    codes = np.empty(len(cells), np.int64)
    for row, cell in enumerate(cells):
        key = _key(cell)
        next_place = len(places)
        codes[row] = places.setdefault(key, next_place)
    return list(places), codes


@dataclass(frozen=True, eq=False)
class CellCounts:
    """The different cells of a target.

    Attributes:
        numbers: Cell → the rows that have it.
        first_rows: Cell → the first of these rows in the source.
    """

    numbers: Counter
    first_rows: dict[Any, int]


def count_cells(pieces: Iterator[tuple[int, Sequence]]) -> CellCounts | None:
    """Counts the cells of a target.

    Args:
        pieces: The row of the first cell, and the cells of this row and those after it.

    Returns:
        The counts; None if too many cells are different.
    """
    counts = CellCounts(Counter(), {})
    for first_row, cells in pieces:
        each, codes = _each_once(cells)
        numbers = np.bincount(codes, minlength=len(each))
        # Of several rows with one code the one written last stays, which is the first.
        firsts = np.zeros(len(each), np.int64)
        firsts[codes[::-1]] = np.arange(len(codes))[::-1]
        firsts += first_row
        for cell, number, row in zip(each, numbers.tolist(), firsts.tolist(), strict=True):
            key = _key(cell)
            if number:
                counts.numbers[key] += number
                counts.first_rows.setdefault(key, row)
        if len(counts.numbers) > MAX_VALUES:
            return None
    return counts


def read_streamed_target(
    spec, counts: CellCounts | None, sample: Mapping[str, Sequence], marks, *, rows: np.ndarray
) -> StreamedTarget:
    """Finds out what a target is.

    Args:
        spec: A load spec with one target.
        counts: As `count_cells` gives them of all rows.
        sample: Column → cells of some rows.
        marks: How the numbers of the source are written.
        rows: int64 [rows], the row of the source that each row of the sample is.

    Raises:
        LoadError: There is nothing to learn, or a row has several labels.
    """
    missing = frozenset(spec.reading.missing_words)
    cells = sample[spec.target]
    if counts is not None:
        cells, rows = _repeated(counts)
    table, kept, left_out = labelled_rows({spec.target: cells}, spec, missing)
    y, target, notes = read_target(table, spec, missing, marks, rows=rows[kept])
    if y.ndim > 1:
        raise LoadError(
            f"several labels a row in the target {shorten(spec.target)}",
            expected="one class or one number a row, where rows are streamed",
            fix="--set load.target_kind=classes, or --set load.memory.way=whole",
        )
    if task_of(target).has_classes:
        return _of_classes(spec, counts, (cells, kept, y), target, notes)
    if left_out:
        words = ColumnNote(spec.target, "target", "rows without it are left out")
        notes = (words, *notes)
    what = f"the target {shorten(spec.target)}"
    is_given = spec.target_kind == "number"
    read = read_as_numbers(what, spec.target, table[spec.target], marks, given=is_given)
    return StreamedTarget(target, NumberReader(read.column, missing), None, None, notes)


def _of_classes(spec, counts, shown, target, notes):
    """Returns the target of classes, each of whose cells is known."""
    if counts is None:
        raise LoadError(
            f"the target {shorten(spec.target)} has more than {MAX_VALUES:,} different values",
            expected="classes, of which many rows have each, or numbers",
            fix="--set load.target_kind=number, or name another target",
        )
    cells, kept, y = shown
    each, codes = _each_once(cells)
    classes = np.full(len(each), -1, np.int64)
    classes[codes[kept]] = y
    places = {}
    for cell, place in zip(each, classes.tolist(), strict=True):
        if place >= 0:
            key = _key(cell)
            places[key] = place
    numbers = np.zeros(len(target.labels), np.int64)
    for cell, count in counts.numbers.items():
        if cell in places:
            numbers[places[cell]] += count
    num_rows = int(numbers.sum())
    num_left_out = counts.numbers.total() - num_rows
    if num_left_out:
        words = f"{num_left_out:,} rows without it are left out"
        notes = (ColumnNote(spec.target, "target", words), *notes)
    return StreamedTarget(target, ClassReader(places), numbers, num_rows, notes)


def _repeated(counts):
    """Returns cells in which each value has its share, and at least three where it has them; and
    int64 [cells], the first row of each value.
    """
    total = counts.numbers.total()
    cells = list(counts.numbers)
    numbers = []
    for count in counts.numbers.values():
        num_cells = count
        if total > MAX_SHOWN:
            least = min(count, 3)
            share = round(count * MAX_SHOWN / total)
            num_cells = max(share, least)
        numbers.append(num_cells)
    places = np.repeat(np.arange(len(cells), dtype=np.int32), numbers)
    first_rows = np.array([counts.first_rows[cell] for cell in cells])
    return _cells_at(cells, places), first_rows[places]


def _cells_at(cells, places):
    """Returns the cells at some places of a list, as a table in memory would have them."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {str}:
        # Each text is read once.
        return RepeatedCells(cells, places)
    if kinds == {datetime}:
        return np.array(cells, "datetime64[s]")[places]
    if kinds == {int} and None not in cells:
        return np.array(cells)[places]
    if kinds and kinds <= {int, float}:
        return _with_holes(cells)[places]
    return [cells[place] for place in places.tolist()]


def _with_holes(cells):
    """Returns numbers and None as the array that pandas would make of the column."""
    numbers = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        if cell is not None:
            numbers[place] = cell
    return numbers
