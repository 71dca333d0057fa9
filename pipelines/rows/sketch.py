"""What is known of the data at one place of a recipe, before and after they were read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..device.cells import Column
    from ..tasks.base import Task

# Kinds of columns that steps make; the raw ones are those of `device.cells`.
ENCODED = "encoded"
IDS = "ids"
TOKENS = "tokens"


@dataclass(frozen=True)
class DataSketch:
    """What is known of the data at one place of a recipe.

    Attributes:
        tasks: The tasks that are possible; empty if nothing is known.
        kinds: The kinds of columns that are possible (`device.cells`, or ENCODED, IDS and TOKENS of
            steps); empty if nothing is known.
        is_read: Whether the data were read: the task and the kinds are those that are there.
        columns: The columns, once the data were read.
        window_steps: How many steps a window holds, 0 where rows are no windows of steps.
        horizon: How many steps ahead are asked for, 0 for none.
    """

    tasks: tuple[Task, ...] = ()
    kinds: frozenset[str] = frozenset()
    is_read: bool = False
    columns: tuple[Column, ...] = ()
    window_steps: int = 0
    horizon: int = 0

    def may_have(self, *kinds: str) -> bool:
        """Returns whether a column of one of these kinds is possible."""
        return not self.kinds or not self.kinds.isdisjoint(kinds)

    def may_be(self, fits: Callable[[Task], bool]) -> bool:
        """Returns whether a task is possible for which `fits` is true."""
        return not self.tasks or any(fits(task) for task in self.tasks)

    def task_names(self) -> str:
        """Returns the possible tasks in words."""
        return " or ".join(task.name for task in self.tasks) or "unknown"

    def kind_names(self) -> str:
        """Returns the possible kinds of columns in words."""
        return ", ".join(sorted(self.kinds)) or "unknown"

    def without(self, *kinds: str) -> DataSketch:
        """Returns the sketch after a step that leaves no column of these kinds."""
        return replace(self, kinds=self.kinds - set(kinds))

    def plus(self, *kinds: str) -> DataSketch:
        """Returns the sketch after a step that makes columns of these kinds."""
        if not self.kinds:
            return self
        return replace(self, kinds=self.kinds | set(kinds))
