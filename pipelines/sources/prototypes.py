"""Rows of classes as another loader reads them, to learn an embedding of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..device.tasks.prototypes import MAX_WIDTH
from ..errors import LoadError, RecipeError
from ..rows.parts import ColumnNote, Dataset, dataset_at
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..spec import knob
from ..tasks import PrototypesTask, task_of


@dataclass(frozen=True)
class LoadPrototypes(Loader):
    """Loads rows of classes to learn an embedding of, which answers by the nearest class mean, so
    that a few rows of other classes extend it on the device (Snell, Swersky and Zemel 2017,
    https://arxiv.org/abs/1703.05175).

    Attributes:
        of: Reads the rows: any loader of rows that have one class.
        classes: The classes that are learned; rows of others are left out, and `adapt --episodes`
            draws the new ones from them. (): all.
        width: How many numbers an embedding has.
    """

    of: Loader
    classes: tuple[str, ...] = ()
    width: int = knob(
        32,
        2,
        MAX_WIDTH,
    )

    def check(self) -> None:
        """Raises RecipeError if nothing reads the rows, or too few classes stay."""
        if not isinstance(self.of, Loader) or isinstance(self.of, LoadPrototypes):
            raise RecipeError(
                f"load.of={self.of!r}",
                expected="a loader of rows with classes",
                fix="--set 'load.of=LoadFolder(\"photos\")'",
            )
        self.of.check()
        if len(self.classes) == 1 or len(set(self.classes)) < len(self.classes):
            raise RecipeError(
                f"load.classes={self.classes}",
                expected="two classes or more, each once; () for all",
                fix="--set 'load.classes=()'",
            )

    def sketch(self) -> DataSketch:
        """Returns what the knobs of the other loader show, with the task of prototypes."""
        return replace(self.of.sketch(), tasks=(PrototypesTask(),))

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the other loader does not suit, or ""."""
        if sketch.is_read or not isinstance(self.of, Loader):
            return ""
        return self.of.suits(self.of.sketch())

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """Returns the rows of the classes, and what was found out about each column.

        Args:
            source: Stands in for the source of the other loader.

        Raises:
            LoadError: There is no such class, or rows have not one class each.
        """
        dataset, notes = self.all_classes(source)
        labels = dataset.schema.target.labels
        absent = sorted(set(self.classes) - set(labels))
        if absent:
            raise LoadError(
                f"no rows of the class {absent[0]!r}",
                expected=", ".join(labels),
                fix="name classes of the source in load.classes",
            )
        kept = self.classes or labels
        places = [labels.index(label) for label in kept]
        is_kept = np.isin(dataset.y, places)
        rows = dataset_at(dataset, np.flatnonzero(is_kept))
        order = np.argsort(places)
        found = np.searchsorted(np.sort(places), rows.y)
        target = replace(
            dataset.schema.target,
            task=PrototypesTask.name,
            labels=kept,
            embedding=self.width,
        )
        schema = replace(dataset.schema, target=target)
        left_out = len(dataset) - len(rows)
        if left_out:
            note = ColumnNote(
                target.name,
                "ignored",
                f"{left_out:,} rows of other classes",
            )
            notes = (*notes, note)
        return replace(
            rows,
            y=order[found],
            schema=schema,
        ), notes

    def all_classes(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """Returns the rows of every class, as the other loader reads them.

        Raises:
            LoadError: Rows have not one class each, or are read part by part.
        """
        if self.of.streams(source):
            raise LoadError(
                f"rows that {type(self.of).__name__} streams",
                expected="rows in memory",
                fix="--set load.of.memory.way=whole",
            )
        dataset, notes = self.of.read(source)
        task = task_of(dataset.schema.target)
        if not task.has_classes:
            raise LoadError(
                f"rows of the task {task.name}",
                expected="one class a row",
                fix="name a target of classes",
            )
        return dataset, notes

    def describe(self, source: object = None) -> dict[str, str]:
        """Returns the name and the checksums of the source."""
        return self.of.describe(source)

    def files_read(self) -> dict[str, str]:
        """Returns the files that the other loader reads."""
        return self.of.files_read()

    def names_parts(self) -> bool:
        """Returns whether the source separates training from test rows."""
        return self.of.names_parts()

    def has_groups(self) -> bool:
        """Returns whether rows belong to groups that a split keeps whole."""
        return self.of.has_groups()

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """Returns the pictures that the rows have."""
        return self.of.draw(
            recipe,
            splits,
            shipped,
            evaluation,
        )
