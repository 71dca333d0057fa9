"""The rows of a table in parts, typed piece by piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import MAX_NUMBER, Column, read_column, shorten
from ..device.packed import PackedCells
from ..errors import LoadError
from ..rows.drawn import mixed
from ..rows.stream import CodedTexts, RowChunk, RowStream, Values
from ..sources.part_cells import batch_cells
from ..sources.parts import TableParts, with_parts
from ..sources.spellings import folded
from .columns import typed_cells
from .streamed_target import ClassReader, NumberReader

_TEXTS = ("categorical", "boolean")
# Column → the texts of a dictionary, and what they are read as.
KnownTexts = dict[str, tuple[list, np.ndarray]]


@dataclass(frozen=True, eq=False)
class TableStream(RowStream):
    """The rows of a table that have a target.

    Attributes:
        table: The parts.
        columns: The feature columns.
        target: The name of its column.
        reader: Reads the cells of the target.
        group: The columns of which rows with the same values stay in one part of a split.
        missing: The words that read as missing.
    """

    table: TableParts
    columns: tuple[Column, ...]
    target: str
    reader: ClassReader | NumberReader
    group: tuple[str, ...]
    missing: frozenset[str]

    @property
    def num_parts(self) -> int:
        """How many parts the table has."""
        return len(self.table.parts)

    def holds(self, ids: np.ndarray, group: np.ndarray | None) -> np.ndarray:
        """Returns which rows are of the table, bool [rows]."""
        return (ids >= 0) & (ids < self.table.num_rows)

    def digest(self) -> str:
        """Returns what decides the rows: the files, and how they are read."""
        read = (self.columns, self.target, self.reader, self.group, sorted(self.missing))
        places = [part.first_row for part in self.table.parts]
        return f"{self.table.identity} {places} {read!r}"

    def chunks(self, part: int) -> Iterator[RowChunk]:
        """Reads the rows of a part; see `RowStream`."""
        names = [column.name for column in self.columns]
        needed = (*names, self.target, *self.group)
        first_row = self.table.parts[part].first_row
        known: KnownTexts = {}
        for batch in self.table.batches(part, needed):
            cells = batch_cells(self.table, part, batch)
            yield self._chunk(cells, first_row, len(batch), known)
            first_row += len(batch)

    def _chunk(self, cells, first_row, num_rows, known):
        """Returns the rows of a batch that have a target."""
        y, is_labelled = self.reader.read(cells[self.target], first_row)
        x: dict[str, Values] = {}
        for column in self.columns:
            x[column.name] = self._values(cells[column.name], column, first_row, known)
        ids = np.arange(first_row, first_row + num_rows)
        chunk = RowChunk(x, y, ids, self._groups(cells, first_row))
        if is_labelled.all():
            return chunk
        return chunk.take(is_labelled)

    def _values(self, cells, column, first_row, known) -> Values:
        if column.kind in _TEXTS:
            return _coded(cells, column, self.missing, first_row, known)
        if column.kind == "numeric" and _are_plain_numbers(cells):
            return cells.astype(np.float32)
        values = typed_cells(cells, column, self.missing, rows=_rows_from(first_row, cells))
        if column.kind == "numeric":
            return values.astype(np.float32)
        return values

    def _groups(self, cells, first_row):
        """Returns a number for the group of each row, int64 [rows]; None without groups."""
        if not self.group:
            return None
        together = np.zeros(1, np.uint64)
        for name in self.group:
            column = Column(name, "categorical")
            coded = _coded(cells[name], column, self.missing, first_row, {})
            _refuse_no_group(name, coded, first_row)
            numbers = _text_numbers(coded.texts)
            together = mixed(together + numbers[coded.places])
        return together.view(np.int64)


def _rows_from(first_row, cells):
    return range(first_row, first_row + len(cells))


def _are_plain_numbers(cells) -> bool:
    """Tests whether cells are an array of real numbers, or NaN, that are all in bounds."""
    if not isinstance(cells, np.ndarray) or cells.dtype.kind != "f" or not len(cells):
        return False
    # As float64: the bound is beyond what float16 holds.
    least = float(np.fmin.reduce(cells))
    largest = float(np.fmax.reduce(cells))
    # False for NaN, which there is if no number is.
    is_beyond = least < -MAX_NUMBER or largest > MAX_NUMBER
    return not is_beyond


def _coded(cells, column, missing, first_row, known) -> CodedTexts:
    """Returns the texts of cells, each of which is read once; `known` is added to."""
    if not isinstance(cells, PackedCells):
        values = typed_cells(cells, column, missing, rows=_rows_from(first_row, cells))
        return _factorized(values)
    texts, places = cells.each_once()
    before = known.get(column.name)
    if before is not None and before[0] == texts:
        # The pieces of a part mostly share one dictionary.
        return CodedTexts(before[1], places)
    values, bad = read_column(texts, column, missing)
    if bad:
        # With its row; a text that no row of this piece has does no harm here.
        typed_cells(cells, column, missing, rows=_rows_from(first_row, cells))
    else:
        known[column.name] = (texts, values)
    return CodedTexts(values, places)


def _factorized(values) -> CodedTexts:
    import pandas as pd

    codes, texts = pd.factorize(values, use_na_sentinel=False)
    for place, text in enumerate(texts):
        if text != text:
            texts[place] = None
    return CodedTexts(texts, codes)


def _text_numbers(texts) -> np.ndarray:
    """Returns a number for each text, uint64: the same in every run."""
    from pandas.util import hash_array

    plain = np.empty(len(texts), object)
    for place, text in enumerate(texts):
        plain[place] = folded(text or "")
    return hash_array(plain, categorize=False)


def _refuse_no_group(name: str, coded: CodedTexts, first_row: int) -> None:
    absent = [place for place, text in enumerate(coded.texts) if text is None]
    is_absent = np.isin(coded.places, absent)
    if not is_absent.any():
        return
    first = is_absent.argmax()
    row = first_row + int(first)
    raise LoadError(
        f"the group column {shorten(name)} has no group in row {row}",
        expected="a group in every row",
        fix="fill it, or remove these rows: rows of an unknown group could stand on both sides",
    )


def in_order(stream: TableStream, parts: Sequence[int]) -> TableStream:
    """Returns the rows of other parts, or in another order of them."""
    return replace(stream, table=with_parts(stream.table, parts))
