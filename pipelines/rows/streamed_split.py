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
from ..engine.bars import progress_bar
from ..errors import SplitError
from .drawn import PARTS, SAMPLE, uniform
from .parts import Dataset, HeldOut, Splits, TrainSet
from .rare_classes import refuse_lacking
from .stream import (
    CodedTexts,
    RowChunk,
    RowStream,
    StreamedRows,
    join_chunks,
    text_counts,
)
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


def sample_draws(ids: np.ndarray, seed: int) -> np.ndarray:
    """Returns what decides whether rows stay in memory, float64 [rows] in [0, 1)."""
    return uniform(ids, seed, SAMPLE)


class RowSample:
    """The rows whose draws are the smallest of all that were added.

    Args:
        most: How many are kept.
        seed: Of the draws.

    Attributes:
        num_rows: How many were added.
        num_held: How many of them are in memory.
    """

    def __init__(self, most: int, seed: int):
        self.num_rows = 0
        self.num_held = 0
        self._most = most
        self._seed = seed
        self._chunks: list[RowChunk] = []
        self._limit = 1.0

    def add(self, chunk: RowChunk, places: np.ndarray, drawn: np.ndarray) -> None:
        """Adds rows of a chunk.

        Args:
            chunk: Rows of the source.
            places: int64 [n], of those that are added.
            drawn: float64 [rows], the draws of all rows of the chunk: `sample_draws`.
        """
        self.num_rows += len(places)
        small = places[drawn[places] < self._limit]
        if not len(small):
            return
        kept = chunk.take(small)
        self._chunks.append(_detached(kept))
        self.num_held += len(kept)
        if self.num_held > 2 * self._most:
            self._shrink()

    def rows(self) -> RowChunk | None:
        """Returns the sample in the order of the source, None of no rows."""
        if not self._chunks:
            return None
        if self.num_held > self._most:
            self._shrink()
        rows = join_chunks(self._chunks)
        self._chunks = [rows]
        return rows.take(np.argsort(rows.ids, kind="stable"))

    def _shrink(self):
        """Leaves out all but the smallest draws."""
        drawn = [sample_draws(chunk.ids, self._seed) for chunk in self._chunks]
        last = self._most - 1
        self._limit = float(np.partition(np.concatenate(drawn), last)[last])
        kept = []
        for chunk, numbers in zip(self._chunks, drawn, strict=True):
            smaller = chunk.take(numbers <= self._limit)
            if len(smaller):
                kept.append(smaller)
        self._chunks = kept
        self.num_held = sum(map(len, kept))


def _detached(chunk):
    """Returns rows that hold no dictionary of texts which has more texts than they have rows."""
    x = {}
    for name, column in chunk.x.items():
        if isinstance(column, CodedTexts) and len(column.texts) > len(column):
            column = column.cells()
        x[name] = column
    return replace(chunk, x=x)


class TrainingStatistics:
    """What is learned of the training rows while they go by.

    Args:
        num_classes: Of the target, 0 for real numbers.
    """

    def __init__(self, num_classes: int):
        self.class_counts = np.zeros(num_classes, np.int64)
        self.target: NumberSummary | None = None
        self._values: dict[str, ColumnSummary] = {}
        self._texts: dict[str, _TextCounter] = {}

    def add(self, chunk: RowChunk) -> None:
        """Adds training rows."""
        for name, column in chunk.x.items():
            if isinstance(column, CodedTexts):
                counter = self._texts.setdefault(name, _TextCounter(name))
                counter.add(column)
                continue
            found = _summary_of(column)
            before = self._values.get(name)
            if before is not None:
                found = before.merge(found)
            self._values[name] = found
        num_classes = len(self.class_counts)
        if num_classes:
            self.class_counts += np.bincount(chunk.y, minlength=num_classes)
            return
        values = summary_of_numbers(chunk.y)
        if self.target is not None:
            values = self.target.merge(values)
        self.target = values

    def summaries(self) -> dict[str, ColumnSummary]:
        """Returns what is known of each column."""
        found = dict(self._values)
        for name, counter in self._texts.items():
            found[name] = counter.summary()
        return found


class _TextCounter:
    """Counts the texts of a column, those that share a dictionary together.

    Args:
        name: Of the column.
    """

    def __init__(self, name: str):
        self._name = name
        self._known = TextSummary({})
        self._texts: np.ndarray | None = None
        self._numbers = np.zeros(0, np.int64)

    def add(self, column: CodedTexts) -> None:
        """Adds the texts of some rows."""
        if column.texts is not self._texts:
            self._settle()
            self._texts = column.texts
            self._numbers = np.zeros(len(column.texts), np.int64)
        self._numbers += np.bincount(column.places, minlength=len(self._numbers))

    def summary(self) -> TextSummary:
        """Returns what is known of the rows that were added."""
        self._settle()
        return self._known

    def _settle(self):
        """Adds what was counted of one dictionary to what is known."""
        if self._texts is None:
            return
        counts = text_counts(self._texts, self._numbers)
        self._known = self._known.merge(TextSummary(counts))
        self._texts = None
        _refuse_many(self._name, self._known)


def _summary_of(column) -> ColumnSummary:
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
    for chunk in _with_progress(whole):
        parts = cut.parts_of(chunk.ids, chunk.group)
        drawn = sample_draws(chunk.ids, cut.seed)
        for place, sample in enumerate(samples):
            rows = np.flatnonzero(parts == place)
            sample.add(chunk, rows, drawn)
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
        statistics.summaries(),
        sizes,
    )
    return samples, learned


def _with_progress(whole):
    """Reads the rows of all parts in their order, and shows how many there were."""
    with progress_bar(total=whole.num_rows, desc="statistics", unit="row") as bar:
        for part in range(whole.stream.num_parts):
            for chunk in whole.stream.chunks(part):
                yield chunk
                bar.update(len(chunk.ids))


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
        f"{train.num_held:,} in memory gave quantiles, and some the ranges of int8"
    ]
    for name, sample in (("validation", valid), ("test", test)):
        if sample.num_held < sample.num_rows:
            notes.append(
                f"The {name} rows are a seeded sample of {sample.num_held:,} of the "
                f"{sample.num_rows:,} that were held out"
            )
    return tuple(notes)
