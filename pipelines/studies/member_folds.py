"""Candidates judged on the same folds inside the rows to learn from: what a choice among recipes
and a comparison of a slot are made of.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..engine.base import Engine, Handle
from ..engine.task import Task
from ..errors import EngineError, PipelineError
from ..recipe import Candidate, Recipe
from ..rows.split_fold import SplitFold
from .judged import Judged, judged_task
from .workers import wait_for_each

# Of so many rows at most: more would take longer, and the differences stay about the same.
MOST_ROWS = 10_000


@dataclass(eq=False)
class MemberFolds:
    """A candidate, and how it did on folds.

    Attributes:
        words: what it is.
        folds: how it did on each, in their order.
        error: why it has no score, or None.
    """

    words: str
    folds: list[Judged] = field(default_factory=list)
    error: PipelineError | None = None

    @property
    def scores(self) -> list[float]:
        """The deciding metric of the int8 file, one a fold; () if a fold gave none."""
        found = [fold.score for fold in self.folds]
        if self.error is not None or any(score is None for score in found):
            return []
        return found

    @property
    def score(self) -> float | None:
        """The mean of its folds; None if one gave no score."""
        if not self.scores:
            return None
        return statistics.fmean(self.scores)

    @property
    def reason(self) -> str:
        """What first stands against it, one line, or ""."""
        if self.error is not None:
            return self.error.received.partition("\n")[0]
        failed = [fold.failed for fold in self.folds if fold.failed]
        if failed:
            return failed[0].partition("\n")[0]
        return ""

    @property
    def note(self) -> str:
        """What stands against it, with how many folds it is of, or ""."""
        num_failed = sum(bool(fold.failed) for fold in self.folds)
        if self.error is None and num_failed:
            return f"{num_failed} folds would not ship: {self.reason}"
        return self.reason

    def mean_of(self, metric: str) -> float | None:
        """Returns the mean of another metric of the int8 file; None if a fold has none."""
        values = [fold.scores["int8"].get(metric) for fold in self.folds]
        if self.error is not None or not values or None in values:
            return None
        return statistics.fmean(values)


def judge_members(
    members: Iterable[tuple[Candidate, MemberFolds]],
    places: Sequence[int],
    engine: Engine,
    *,
    num_folds: int,
    most_rows: int = MOST_ROWS,
) -> None:
    """Judges candidates on more folds, side by side; one with an error is judged no more.

    Args:
        members: each candidate, and where its folds are kept.
        places: of the folds.
        engine: that does them.
        num_folds: into which the rows to learn from are cut.
        most_rows: that are folded; more are sampled, but for steps in time. 0 is all of them.

    Raises:
        EngineError: a worker or the machine failed.
    """
    handles: dict[Handle, MemberFolds] = {}
    # The last ones are the largest networks as a rule: begun first, none is waited for at the end.
    for candidate, member in reversed(list(members)):
        if member.error is not None:
            continue
        for place in places:
            task = _fold_task(candidate.recipe, num_folds, place, most_rows)
            handle = engine.submit(task, about=f"{candidate.words}, fold {place}")
            handles[handle] = member
    wait_for_each(list(handles), engine, fatal=EngineError)
    for handle, member in handles.items():
        if handle.error is not None:
            member.error = handle.error
        else:
            member.folds.append(Judged.of(engine.result(handle)))


def _fold_task(recipe: Recipe, num_folds: int, place: int, most_rows: int) -> Task:
    if recipe.frame is not None:
        most_rows = 0
    fold = SplitFold(recipe.split, num_folds, place, inside=True, most=most_rows)
    # A second training, on all rows, would take as long again and rank the same.
    once = replace(recipe.training, refit=False)
    return judged_task(replace(recipe, split=fold, training=once))
