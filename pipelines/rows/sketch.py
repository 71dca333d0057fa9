"""What is known of the data at one place of a recipe, before and after they were read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..device.cells import KINDS, PICTURE, SERIES, TEXT
from ..errors import with_article

if TYPE_CHECKING:
    from ..tasks.base import Task
    from .parts import Schema

# Kinds of columns that steps make; the raw ones are those of `device.cells`.
ENCODED = "encoded"
IDS = "ids"
TOKENS = "tokens"
PAIRS = "pairs of tokens"
ALL_KINDS = (*KINDS, PICTURE, TEXT, SERIES, ENCODED, IDS, TOKENS, PAIRS)


@dataclass(frozen=True)
class DataSketch:
    """What is known of the data at one place of a recipe.

    Attributes:
        tasks: The tasks that are possible; empty if nothing is known.
        kinds: The kinds of columns that are possible (`ALL_KINDS`); empty if nothing is known.
        is_read: Whether the data were read: the task and the kinds are those that are there.
        is_steps: Whether rows are steps in time that no frame has cut yet.
        has_groups: Whether rows belong to groups.
        has_times: Whether rows have a time.
        may_name_parts: Whether the source may tell training from test rows.
        channels: Of pictures, 0 if unknown.
        shape: Of pictures (height, width, channels), () if unknown.
        window_steps: How many steps a window holds, 0 if unknown or no window.
        horizon: How many steps ahead are asked for, 0 for none.
        is_streamed: Whether rows are read part by part, and a sample stands in memory.
    """

    tasks: tuple[Task, ...] = ()
    kinds: frozenset[str] = frozenset()
    is_read: bool = False
    is_steps: bool = False
    has_groups: bool = True
    has_times: bool = True
    may_name_parts: bool = True
    channels: int = 0
    shape: tuple[int, ...] = ()
    window_steps: int = 0
    horizon: int = 0
    is_streamed: bool = False

    def may_have(self, *kinds: str) -> bool:
        """Returns whether a column of one of these kinds is possible."""
        if not self.kinds:
            return True
        return not self.kinds.isdisjoint(kinds)

    def surely_has(self, *kinds: str) -> bool:
        """Returns whether a column of one of these kinds is there."""
        if self.is_read:
            return not self.kinds.isdisjoint(kinds)
        if not self.kinds:
            return False
        return self.kinds <= set(kinds)

    def may_be(self, fits: Callable[[Task], bool]) -> bool:
        """Returns whether a task is possible for which `fits` is true."""
        if not self.tasks:
            return True
        return any(fits(task) for task in self.tasks)

    def may_have_classes(self) -> bool:
        """Returns whether each row may have one class."""
        return self.may_be(lambda task: task.has_classes)

    def may_have_labels(self) -> bool:
        """Returns whether outputs may be log-odds of labels, one or several a row."""
        return self.may_be(lambda task: task.output_kind != "values")

    def task_names(self) -> str:
        """Returns the possible tasks in words."""
        names = [task.name for task in self.tasks]
        return " or ".join(names) or "unknown"

    def target_words(self) -> str:
        """Returns a target of the possible tasks in words, such as "an anomaly target"."""
        return with_article(f"{self.task_names()} target")

    def kind_names(self) -> str:
        """Returns the possible kinds of columns in words."""
        names = [kind for kind in ALL_KINDS if kind in self.kinds]
        return ", ".join(names) or "unknown"

    def only(self, fits: Callable[[Task], bool]) -> DataSketch:
        """Returns the sketch with those of the possible tasks for which `fits` is true."""
        tasks = [task for task in self.tasks if fits(task)]
        return replace(self, tasks=tuple(tasks))

    def without(self, *kinds: str) -> DataSketch:
        """Returns the sketch after a step that leaves no column of these kinds."""
        if not kinds or not self.kinds:
            return self
        return replace(self, kinds=self.kinds - set(kinds))

    def plus(self, *kinds: str) -> DataSketch:
        """Returns the sketch after a step that makes columns of these kinds."""
        if not self.kinds:
            return self
        return replace(self, kinds=self.kinds | set(kinds))


def sketch_of(schema: Schema, task: Task) -> DataSketch:
    """Returns what is known once the data were read, split and framed.

    Args:
        schema: Of the rows that go into the steps.
        task: Of its target.
    """
    kinds = frozenset(column.kind for column in schema.columns)
    sketch = DataSketch((task,), kinds, is_read=True, is_streamed=schema.is_streamed)
    window_steps = 0
    shapes = []
    for column in schema.columns:
        if column.kind == PICTURE:
            shapes.append(column.shape)
        elif column.kind == SERIES:
            num_steps = column.shape[0]
            window_steps = max(window_steps, num_steps)
    if shapes:
        shape = shapes[0]
        sketch = replace(sketch, shape=shape, channels=shape[2])
    if schema.frame is not None:
        sketch = replace(sketch, horizon=schema.frame.horizon)
    return replace(sketch, window_steps=window_steps)
