"""Rows that stay in their source and are read again, part by part, because they do not fit into
memory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .summaries import ColumnSummary, NumberSummary


@dataclass(frozen=True, eq=False)
class CodedTexts:
    """A column of texts, each of which is held once.

    Attributes:
        texts: object [texts], text or None.
        places: int [rows], the place of each row's text.
    """

    texts: np.ndarray
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def take(self, places: np.ndarray) -> CodedTexts:
        """Returns the column of other rows (int [n] or bool [rows])."""
        return CodedTexts(self.texts, self.places[places])

    def cells(self) -> np.ndarray:
        """Returns the column as object [rows]."""
        return self.texts[self.places]


def text_counts(texts: np.ndarray, numbers: np.ndarray) -> dict[str | None, int]:
    """Returns text → how often it occurs, of those that do.

    Args:
        texts: object [texts], text or None; one may stand twice.
        numbers: int64 [texts], how often each occurs.
    """
    counts: dict[str | None, int] = {}
    for place in np.flatnonzero(numbers).tolist():
        text = texts[place]
        counts[text] = counts.get(text, 0) + int(numbers[place])
    return counts


Values = np.ndarray | CodedTexts


def cells_of(column: Values) -> np.ndarray:
    """Returns a column as an array."""
    if isinstance(column, CodedTexts):
        return column.cells()
    return column


@dataclass(frozen=True, eq=False)
class RowChunk:
    """Some rows of a source, in its order.

    Attributes:
        x: Column → its values [rows].
        y: int64 class or float64 value [rows].
        ids: int64 [rows], the source row.
        group: int64 [rows], a number that all rows of one group share; None without groups.
    """

    x: Mapping[str, Values]
    y: np.ndarray
    ids: np.ndarray
    group: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, places: np.ndarray) -> RowChunk:
        """Returns other rows (int [n] or bool [rows])."""
        if places.dtype == bool:
            # Places are found once for all columns: a mask takes three times as long.
            places = np.flatnonzero(places)
        group = self.group
        if group is not None:
            group = group[places]
        x = {}
        for name, column in self.x.items():
            x[name] = _taken(column, places)
        return RowChunk(x, self.y[places], self.ids[places], group)

    def columns(self) -> dict[str, np.ndarray]:
        """Returns the columns as arrays."""
        return {name: cells_of(column) for name, column in self.x.items()}


def _taken(column, places):
    if isinstance(column, CodedTexts):
        return column.take(places)
    return column[places]


def join_chunks(chunks: list[RowChunk]) -> RowChunk:
    """Returns the rows of several chunks, in their order, with columns that are arrays."""
    x: dict[str, Values] = {}
    for name in chunks[0].x:
        columns = [cells_of(chunk.x[name]) for chunk in chunks]
        x[name] = np.concatenate(columns)
    y = [chunk.y for chunk in chunks]
    ids = [chunk.ids for chunk in chunks]
    groups = [chunk.group for chunk in chunks if chunk.group is not None]
    group = None
    if groups:
        group = np.concatenate(groups)
    return RowChunk(
        x,
        np.concatenate(y),
        np.concatenate(ids),
        group,
    )


class RowStream(ABC):
    """Rows that are read part by part, as often as they are needed, in the same order each time."""

    @property
    @abstractmethod
    def num_parts(self) -> int:
        """How many parts there are."""

    @abstractmethod
    def chunks(self, part: int) -> Iterator[RowChunk]:
        """Reads the rows of one part, some at a time.

        Args:
            part: Its place, from 0.

        Raises:
            LoadError: A cell is not of its column's kind, or the part has changed.
        """

    @abstractmethod
    def holds(self, ids: np.ndarray, group: np.ndarray | None) -> np.ndarray:
        """Returns which source rows are among these, bool [rows].

        Args:
            ids: int64 [rows], of source rows.
            group: int64 [rows], of each, None without groups.
        """

    @abstractmethod
    def digest(self) -> str:
        """Returns what decides the rows, as a text."""


@dataclass(frozen=True)
class SampleSizes:
    """How many rows of a stream stand in memory at once, at most.

    Attributes:
        train: Training rows, which quantiles and the like are computed of.
        held_out: Validation rows, and test rows.
        buffer: Training rows that are shuffled together.
    """

    train: int = 100_000
    held_out: int = 20_000
    buffer: int = 131_072


@dataclass(frozen=True, eq=False)
class ClassRedraw:
    """How often rows of a stream are drawn in an epoch, so that classes become even.

    Attributes:
        rates: float64 [classes], how often a row of each class is drawn on average: below 1 some
            are left out, above 1 some are repeated.
        seed: Of the draw.
    """

    rates: np.ndarray
    seed: int


@dataclass(frozen=True, eq=False)
class StreamedRows:
    """All rows of a part of the data, of which those in memory are a seeded sample.

    Attributes:
        stream: Reads them.
        num_rows: How many there are.
        class_counts: int64 [classes], the rows of each class; None without classes.
        target: Of the target's values; None with classes.
        summaries: Column → what is known of all its values; a column that is not here is known by
            the sample alone.
        sizes: How many rows stand in memory.
        redraw: How often rows of each class are drawn in an epoch, in which case `num_rows` and
            `class_counts` are those of an epoch, about; None if each row is drawn once.
    """

    stream: RowStream
    num_rows: int
    class_counts: np.ndarray | None = None
    target: NumberSummary | None = None
    summaries: Mapping[str, ColumnSummary] = field(default_factory=dict)
    sizes: SampleSizes = SampleSizes()
    redraw: ClassRedraw | None = None

    def with_summaries(self, summaries: Mapping[str, ColumnSummary]) -> StreamedRows:
        """Returns the same rows after a step."""
        return replace(self, summaries=summaries)
