"""What the test rows showed of the model that ships, and of the one it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..device.answers import Answers
from ..rows.parts import HeldOut
from ..tasks import task_of
from ..tasks.intervals import Margin
from .ladder import Rung
from .peers import PeerTable

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..training.trained import ComparisonModel


@dataclass(frozen=True)
class Comparison:
    """How the comparison model did on test rows.

    Attributes:
        words: what is different about it.
        num_rows: the number of rows that it was trained on.
        scores: metric → score.
        margin: by how much the model that ships is ahead of it.
    """

    words: str
    num_rows: int
    scores: dict[str, float]
    margin: Margin


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the test rows showed.

    Attributes:
        rungs: a line for each form of the model on each runtime.
        answers: form → its answers; those of the comparison model under "comparison".
        failed: why the model must not ship, in words, or "".
        comparison: of the comparison model, if there is one.
        baselines: name of a plain rule → its scores.
        peers: how plain models did, if they were fitted.
    """

    rungs: list[Rung]
    answers: dict[str, Answers]
    failed: str = ""
    comparison: Comparison | None = None
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    peers: PeerTable | None = None


def compare_answers(
    model: ComparisonModel, answers: dict[str, Answers], test: HeldOut, *, recipe: Recipe
) -> Comparison:
    """Scores the comparison model against the Keras model that ships.

    Args:
        model: the comparison model.
        answers: of "keras" and of "comparison", to the test rows.
        test: raw test rows.
        recipe: of the model that ships, with its deciding metric.
    """
    target = model.trained.signature.target
    ahead = task_of(target).margin(
        test.y,
        answers["keras"],
        answers["comparison"],
        target,
        metric=recipe.judge.deciding,
        seed=recipe.training.seed,
    )
    scores = task_of(target).score(test.y, answers["comparison"], target)
    return Comparison(model.words, model.trained.num_rows, scores, ahead)
