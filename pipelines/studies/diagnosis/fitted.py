"""A recipe fitted once, as a task: how it answers rows that it learned from, and others.

Nothing is converted: how closely a network fits shows before int8, and a conversion takes as long
as a small training.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...bundle.folder import as_json
from ...engine.arrays import from_bytes, to_bytes
from ...engine.cache import begin
from ...engine.digest import digest
from ...engine.task import Task
from ...recipe import Recipe
from ...report.write import to_plain
from ...rows.parts import Splits, require_unseen
from ...run import fit, frame, read, settle, split
from ...settings import to_json
from ...tasks import task_of
from ...tasks.classes import class_places
from ...verify.assess import answers_of
from ..judged import alone, check_with_source

STAGE = "fitted"
RESULT = "fitted.json"
ANSWERS = "answers.npz"


@dataclass(frozen=True, eq=False)
class Fitted:
    """How a Keras model did on the rows that it learned from, and on the fold that it did not see.

    Attributes:
        deciding: the metric that decides.
        learned: it, on raw training rows; None if they have none.
        judged: it, on the raw rows of the fold; None if they have none.
        num_rows: "train", "valid" and "test" → rows.
        answers: int64 [rows], the places of labels, or float64 [rows, ...], values; of the fold.
        truth: like the answers.
        error_of: the column whose unit errors have, or "".
    """

    deciding: str
    learned: float | None
    judged: float | None
    num_rows: dict[str, int]
    answers: np.ndarray
    truth: np.ndarray
    error_of: str = ""

    @property
    def num_learned(self) -> int:
        """Rows that were learned from or stopped by."""
        return self.num_rows["train"] + self.num_rows["valid"]

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Fitted":
        """Returns what a task's result holds."""
        scores = json.loads(files[RESULT])
        arrays = from_bytes(files[ANSWERS])
        return cls(**scores, **dict(arrays))  # type: ignore[call-overload]


def fitted_task(recipe: Recipe) -> Task:
    """Returns the fitting of a recipe as a task for an engine.

    Raises:
        PipelineError: the recipe or its source is wrong.
    """
    recipe = _fitted_alone(recipe)
    check_with_source(recipe)
    inputs = digest(recipe, recipe.load.describe())
    return Task(STAGE, to_json(recipe), (inputs,))


def perform_fitted(recipe: Recipe) -> None:
    """Fits a recipe in a worker, and keeps what came of it in the cache."""
    task = fitted_task(recipe)
    work = begin(task.stage, task.spec, *task.inputs)
    if work.recall() is not None:
        return
    recipe = _fitted_alone(recipe)
    dataset = read(recipe).dataset
    splits = frame(recipe, split(recipe, dataset))
    found = fit_once(recipe, splits)
    scores = dict(vars(found))
    arrays = {name: scores.pop(name) for name in ("answers", "truth")}
    content = as_json(to_plain(scores)).encode()
    work.keep({RESULT: content, ANSWERS: to_bytes(arrays)})


def fit_once(recipe: Recipe, splits: Splits) -> Fitted:
    """Learns from training and validation rows, and answers training rows and the fold's.

    Args:
        recipe: the slots in order.
        splits: of its rows, framed; the test rows are those of a fold.
    """
    recipe = settle(_fitted_alone(recipe), splits.train.schema)
    trained = fit(recipe, splits.train, splits.valid)
    require_unseen(splits.test, trained.inputs.seen_ids)
    target = trained.signature.target
    task = task_of(target)
    deciding = recipe.judge.deciding
    scores = {}
    for name, rows in (("learned", splits.train), ("judged", splits.test)):
        answers = answers_of(trained, rows)
        scores[name] = task.score(rows.y, answers, target)[deciding]
    if task.has_classes:
        given = class_places(answers, target.labels)
    else:
        given = np.asarray(answers.scores, np.float64)
    parts = {"train": splits.train, "valid": splits.valid, "test": splits.test}
    return Fitted(
        deciding=deciding,
        **scores,
        num_rows={name: len(part) for name, part in parts.items()},
        answers=given,
        truth=np.asarray(splits.test.y),
        error_of=task.error_of(target.name),
    )


def _fitted_alone(recipe):
    """The recipe on one runtime, fitted once: nothing else is wanted."""
    recipe = alone(recipe)
    return replace(
        recipe,
        judge=replace(recipe.judge, peers=False),
        training=replace(recipe.training, refit=False, watch=False),
    )
