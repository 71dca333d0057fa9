"""Judges recipes on inner folds: rows that the recipe itself learns from or stops by, never its
test rows.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from ...engine.base import Engine, Handle
from ...engine.task import Task
from ...errors import EngineError, PipelineError
from ...recipe import Recipe
from ...rows.split_fold import SplitFold
from ...targets.budgets import Cost
from ..judged import Judged, judged_task
from ..rehearsed import RESULT, rehearsed_task
from ..workers import wait_for_each

# Into so many folds the rows are cut, if not more are asked for: four fifths are learned from.
LEAST_FOLDS = 5


@dataclass(frozen=True)
class Score:
    """How a recipe did on its inner folds.

    Attributes:
        deciding: the metric that decides.
        value: of the int8 files, the mean over the folds.
        cost: of the largest of these files; milliseconds are the median.
        failed: why such a model would not ship, or "".
        error_of: the column whose unit errors have, or "".
    """

    deciding: str
    value: float
    cost: Cost
    failed: str = ""
    error_of: str = ""


class RecipeJudge(ABC):
    """Judges recipes, many at once."""

    @abstractmethod
    def scores(self, recipes: Sequence[Recipe]) -> list[Score | PipelineError]:
        """Returns how each did, or why it could not be judged, in their order.

        Raises:
            EngineError: workers were lost; nothing is known of the recipes.
        """

    @abstractmethod
    def costs(self, recipes: Sequence[Recipe]) -> list[Cost | PipelineError]:
        """Returns what the untrained network of each costs, or why that is unknown."""


@dataclass(frozen=True)
class EngineJudge(RecipeJudge):
    """Judges recipes by the workers of an engine.

    Attributes:
        engine: that does the runs.
        num_folds: inner folds that a recipe is judged on.
    """

    engine: Engine
    num_folds: int = 1

    def scores(self, recipes: Sequence[Recipe]) -> list[Score | PipelineError]:
        tasks = [self._on_folds(recipe) for recipe in recipes]
        handles = [[self._submit(task) for task in each] for each in tasks]
        self._wait_for(handles)
        return [self._score(each) for each in handles]

    def costs(self, recipes: Sequence[Recipe]) -> list[Cost | PipelineError]:
        handles = []
        for recipe in recipes:
            [first, *_] = inner_folds(recipe, self.num_folds)
            handles.append([self._submit(_task_or_error(rehearsed_task, first))])
        self._wait_for(handles)
        return [self._cost(each) for [each] in handles]

    def _on_folds(self, recipe):
        folds = inner_folds(recipe, self.num_folds)
        return [_task_or_error(judged_task, fold) for fold in folds]

    def _submit(self, task: Task | PipelineError) -> Handle | PipelineError:
        if isinstance(task, PipelineError):
            return task
        return self.engine.submit(task, about=f"{task.stage} {task.spec['name']}")

    def _wait_for(self, handles):
        """Waits for all. Raises the first EngineError: a fault, or a worker that was lost."""
        given = [each for several in handles for each in several if isinstance(each, Handle)]
        wait_for_each(given, self.engine, fatal=EngineError)

    def _score(self, handles):
        """The mean over the folds, or the error of the first that failed."""
        folds = []
        for handle in handles:
            error = _error_of(handle)
            if error is not None:
                return error
            folds.append(Judged.of(self.engine.result(handle)))
        try:
            return mean_score(folds)
        except PipelineError as error:
            return error

    def _cost(self, handle):
        error = _error_of(handle)
        if error is not None:
            return error
        return Cost(**json.loads(self.engine.result(handle)[RESULT]))


def inner_folds(recipe: Recipe, num_folds: int) -> list[Recipe]:
    """Returns the recipe with the split of each inner fold."""
    num = max(num_folds, LEAST_FOLDS)
    return [
        replace(recipe, split=SplitFold(recipe.split, num, place, inside=True))
        for place in range(num_folds)
    ]


def mean_score(folds: Sequence[Judged]) -> Score:
    """Returns the score of a recipe by its folds.

    Raises:
        PipelineError: the deciding metric is no number on one of them.
    """
    deciding = folds[0].deciding
    if any(deciding not in fold.known_metrics() for fold in folds):
        raise PipelineError(
            f"{deciding} is no number on an inner fold",
            expected="a metric that the fold's rows have: ROC-AUC needs two classes",
            fix="--set judge.deciding=log_loss, or more rows",
            stage="verify",
        )
    arenas = [fold.arena_bytes for fold in folds]
    arena_bytes = None
    if None not in arenas:
        arena_bytes = max(arenas)
    cost = Cost(
        max(fold.size_bytes for fold in folds),
        arena_bytes,
        median(fold.latency_ms for fold in folds),
    )
    failed = [fold.failed for fold in folds if fold.failed]
    return Score(
        deciding,
        fmean(fold.score for fold in folds),
        cost,
        failed=(failed or [""])[0],
        error_of=folds[0].error_of,
    )


def _task_or_error(task_of, recipe):
    try:
        return task_of(recipe)
    except PipelineError as error:
        return error


def _error_of(handle):
    if isinstance(handle, Handle):
        return handle.error
    return handle
