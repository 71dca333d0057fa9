"""What a study of knobs gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...recipe import Recipe
from ...tasks.metrics import direction, metric_words
from .space import Space
from .trials import DONE, FAILED, PRUNED, Trial


@dataclass(frozen=True)
class TuneResult:
    """What a study of knobs gave.

    Attributes:
        name: of the recipe.
        split: of the recipe, in words.
        deciding: the metric of the score.
        objectives: what is compared.
        num_folds: inner folds that each trial was judged on.
        space: that was searched.
        trials: in their order.
        front: the feasible trials that no other one beats in all objectives, the best score first.
        before: how the recipe did as it was, or None if it could not be judged.
        recipe: the one of the best trial, named <name>_tuned.
        path: of its file.
        error_of: the column whose unit errors have, or "".
    """

    name: str
    split: str
    deciding: str
    objectives: Sequence[str]
    num_folds: int
    space: Space
    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]
    before: Trial | None
    recipe: Recipe
    path: Path
    error_of: str = ""

    @property
    def metric_words(self) -> str:
        """The metric of the score as a reader sees it: of an error, which column it is of."""
        return metric_words(self.deciding, self.error_of)

    @property
    def best(self) -> Trial:
        """The feasible trial of the best score."""
        return self.front[0]

    def ranked(self) -> list[Trial]:
        """Returns the trials that were judged: feasible ones first, the best score first."""
        judged = [trial for trial in self.trials if trial.state == DONE]
        sign = -direction(self.deciding)
        return sorted(
            judged, key=lambda trial: (bool(trial.excess), sign * trial.score, trial.number)
        )

    def of_state(self, state: str) -> list[Trial]:
        """Returns the trials of a state."""
        return [trial for trial in self.trials if trial.state == state]

    @property
    def failed(self) -> list[Trial]:
        """Those that could not be judged."""
        return self.of_state(FAILED)

    @property
    def pruned(self) -> list[Trial]:
        """Those that were ended early."""
        return self.of_state(PRUNED)

    def table(self) -> Any:
        """Returns a pandas DataFrame, a row a trial: its knobs, and what came of it."""
        import pandas as pd

        lines = []
        for trial in self.trials:
            facts = trial.facts()
            del facts["rungs"], facts["excess"]
            lines.append(
                {"number": trial.number, **trial.params, "feasible": trial.is_feasible, **facts}
            )
        return pd.DataFrame(lines)
