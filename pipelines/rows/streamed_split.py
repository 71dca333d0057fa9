"""The split of rows that do not fit into memory, and what is learned of the training rows on the
way: one pass over the source.

Which part a row goes to is drawn from the seed and its number, or that of its group, so that no
part of the source has to wait for another one, and each reading finds the same rows. What stays in
memory are samples: the rows whose own draws are the smallest, however many rows follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import shorten
from ..errors import SplitError
from .drawn import PARTS, SAMPLE, uniform
from .parts import Dataset, HeldOut, Splits, TrainSet
from .rare_classes import refuse_lacking
from .stream import CodedTexts, RowChunk, RowStream, StreamedRows, join_chunks
from .summaries import (
    ColumnSummary,
    NumberSummary,
    TextSummary,
    summary_of_dates,
    summary_of_numbers,
)

TRAIN, VALID, TEST = range(3)
# Of one column; a table of more different texts has no use for them as categories.
MAX_TEXTS = 1_000_000


@dataclass(frozen=True)
class HashedCut:
    """Which part each row goes to.

    Attributes:
        test: Share of the rows that become test rows.
        valid: Share of the rows that `test` leaves that become validation rows.
        seed: Of the draw.
        by_group: Whether groups are drawn, each whole.
    """

    test: float
    valid: float
    seed: int
    by_group: bool = False

    def parts_of(self, ids: np.ndarray, group: np.ndarray | None) -> np.ndarray:
        """Returns the part of each row, int8 [rows]: TRAIN, VALID or TEST.

        Args:
            ids: int64 [rows], of source rows.
            group: int64 [rows], of each, None without groups.
        """
        keys = ids
        if self.by_group and group is not None:
            keys = group
        drawn = uniform(keys, self.seed, PARTS)
        rest = 1 - self.test
        parts = np.full(len(ids), TRAIN, np.int8)
        parts[drawn < self.test + rest * self.valid] = VALID
        parts[drawn < self.test] = TEST
        return parts


@dataclass(frozen=True, eq=False)
class TrainStream(RowStream):
    """The training rows of a source.

    Attributes:
        source: All rows.
        cut: Which of them are training rows.
    """

    source: RowStream
    cut: HashedCut

    @property
    def num_parts(self) -> int:
        """How many parts the source has."""
        return self.source.num_parts

    def chunks(self, part: int) -> Iterator[RowChunk]:
        """Reads the training rows of a part."""
        for chunk in self.source.chunks(part):
            yield chunk.take(self.holds(chunk.ids, chunk.group))

    def holds(self, ids: np.ndarray, group: np.ndarray | None) -> np.ndarray:
        """Returns which source rows are training rows, bool [rows]."""
        return self.cut.parts_of(ids, group) == TRAIN

    def digest(self) -> str:
        """Returns what decides the rows: the source and the draw."""
        return f"{self.source.digest()} {self.cut!r}"


class RowSample:
    """The rows whose draws are the smallest of all that were added.

    Args:
        most: How many are kept.
        seed: Of the draws.
    """

    def __init__(self, most: int, seed: int):
        self.num_rows = 0
        self._most = most
        self._seed = seed
        self._chunks: list[RowChunk] = []
        self._num_held = 0
        self._limit = 1.0

    def add(self, chunk: RowChunk, places: np.ndarray) -> None:
        """Adds the rows of a chunk at `places`, int64 [n]."""
        self.num_rows += len(places)
        drawn = uniform(chunk.ids[places], self._seed, SAMPLE)
        small = places[drawn < self._limit]
        if not len(small):
            return
        kept = chunk.take(small)
        self._chunks.append(join_chunks([kept]))
        self._num_held += len(kept)
        if self._num_held > 2 * self._most:
            self._shrink()

    def rows(self) -> RowChunk | None:
        """Returns the sample in the order of the source, None of no rows."""
        if not self._chunks:
            return None
        self._shrink()
        (rows,) = self._chunks
        return rows.take(np.argsort(rows.ids, kind="stable"))

    def _shrink(self):
        rows = join_chunks(self._chunks)
        if len(rows) > self._most:
            drawn = uniform(rows.ids, self._seed, SAMPLE)
            smallest = np.argpartition(drawn, self._most)[: self._most]
            self._limit = float(drawn[smallest].max())
            rows = rows.take(np.sort(smallest))
        self._chunks = [rows]
        self._num_held = len(rows)


class TrainingStatistics:
    """What is learned of the training rows while they go by.

    Args:
        num_classes: Of the target, 0 for real numbers.
    """

    def __init__(self, num_classes: int):
        self.summaries: dict[str, ColumnSummary] = {}
        self.class_counts = np.zeros(num_classes, np.int64)
        self.target: NumberSummary | None = None

    def add(self, chunk: RowChunk) -> None:
        """Adds training rows."""
        for name, column in chunk.x.items():
            found = _summary_of(name, column)
            before = self.summaries.get(name)
            if before is not None:
                found = before.merge(found)
            self.summaries[name] = found
        num_classes = len(self.class_counts)
        if num_classes:
            self.class_counts += np.bincount(chunk.y, minlength=num_classes)
            return
        values = summary_of_numbers(chunk.y)
        if self.target is not None:
            values = self.target.merge(values)
        self.target = values


def _summary_of(name, column) -> ColumnSummary:
    if isinstance(column, CodedTexts):
        texts = TextSummary(column.counts())
        _refuse_many(name, texts)
        return texts
    if column.dtype.kind == "M":
        return summary_of_dates(column)
    return summary_of_numbers(column)


def _refuse_many(name, texts):
    if len(texts.counts) > MAX_TEXTS:
        raise SplitError(
            f"the column {shorten(name)} has more than {MAX_TEXTS:,} different texts",
            expected="categories, of which many rows have each",
            fix=f"leave it out (--drop '{name}')",
        )


def split_stream(dataset: Dataset, cut: HashedCut | None, redraw: str) -> Splits:
    """Splits rows that are streamed, and computes the statistics of the training rows.

    Args:
        dataset: With all rows in `whole`.
        cut: Which part a row goes to; None if the split of the recipe cannot tell.
        redraw: How to get other parts, in words.

    Raises:
        SplitError: There is no such cut, or a part lacks rows or a class.
        LoadError: A cell is not of its column's kind.
    """
    whole = dataset.whole
    if cut is None or whole is None:
        raise SplitError(
            "a split that needs all rows at once, of rows that are streamed",
            expected="a split that draws each row, or each group, by itself",
            fix="--set 'split=SplitRandom()', SplitGrouped() with load.group, or "
            "--set load.memory.way=whole",
        )
    labels = dataset.schema.target.labels
    samples, learned = _learned(whole, cut, len(labels))
    train = TrainSet(**_fields(dataset, samples[TRAIN], "train"))
    train = replace(train, whole=learned)
    valid = HeldOut(**_fields(dataset, samples[VALID], "valid"))
    test = HeldOut(**_fields(dataset, samples[TEST], "test"))
    if labels:
        for name, rows in (("train", train), ("valid", valid), ("test", test)):
            refuse_lacking(name, rows.count_classes(), labels, redraw)
    return Splits(
        train,
        valid,
        test,
        notes=_notes(samples),
    )


def _learned(whole, cut, num_classes):
    """Reads all rows once; returns the sample of each part, and what is known of training rows."""
    sizes = whole.sizes
    samples = [
        RowSample(sizes.train, cut.seed),
        RowSample(sizes.held_out, cut.seed),
        RowSample(sizes.held_out, cut.seed),
    ]
    statistics = TrainingStatistics(num_classes)
    for part in range(whole.stream.num_parts):
        for chunk in whole.stream.chunks(part):
            parts = cut.parts_of(chunk.ids, chunk.group)
            for place, sample in enumerate(samples):
                rows = np.flatnonzero(parts == place)
                sample.add(chunk, rows)
            train = chunk.take(parts == TRAIN)
            statistics.add(train)
    class_counts = None
    if num_classes:
        class_counts = statistics.class_counts
    learned = StreamedRows(
        TrainStream(whole.stream, cut),
        samples[TRAIN].num_rows,
        class_counts,
        statistics.target,
        statistics.summaries,
        sizes,
    )
    return samples, learned


def _fields(dataset, sample, part):
    """Returns the fields of the rows in memory. Raises SplitError if there are none."""
    rows = sample.rows()
    if rows is None:
        raise SplitError(
            f"no row became a {part} row",
            expected="rows in every part",
            fix="change split.test and split.valid, or draw with another split.seed",
        )
    return {
        "x": rows.columns(),
        "y": rows.y,
        "ids": rows.ids,
        "schema": dataset.schema,
        "group": rows.group,
    }


def _notes(samples):
    """Returns what a reader of the scores should know."""
    train, valid, test = samples
    notes = [
        f"The rows were streamed from their source: {train.num_rows:,} training rows; of these, "
        f"{len(train.rows() or ()):,} in memory gave quantiles, and some the ranges of int8"
    ]
    for name, sample in (("validation", valid), ("test", test)):
        num_held = len(sample.rows() or ())
        if num_held < sample.num_rows:
            notes.append(
                f"The {name} rows are a seeded sample of {num_held:,} of the "
                f"{sample.num_rows:,} that were held out"
            )
    return tuple(notes)
